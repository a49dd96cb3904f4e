#include "same_answers.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "cpu_problem.hpp"

namespace splice_cuda::testing {
namespace {

TEST(SameAnswers, EqualOnesPass) {
  const std::vector<float> values = gaussian(20, 1);
  EXPECT_EQ(difference(values, values), "");
  EXPECT_EQ(difference_beyond(std::vector<double>(20, 0.0), values, values), "");
}

TEST(SameAnswers, OneWrongBitIsNoticed) {
  for (std::size_t place = 0; place < 20; ++place) {
    const std::vector<float> values = gaussian(20, 1);
    std::vector<float> corrupted = values;
    corrupted[place] = std::nextafter(corrupted[place], 9.0f);
    EXPECT_NE(difference(values, corrupted), "");
    std::vector<std::int32_t> integers(20, 5);
    const std::vector<std::int32_t> before = integers;
    integers[place] ^= 1;
    EXPECT_NE(difference(before, integers), "");
  }
  EXPECT_NE(difference(std::vector<float>{0.0f}, std::vector<float>{-0.0f}), "");
}

TEST(SameAnswers, MissingValuesAndNaNsAreNoticed) {
  const std::vector<float> values = {1, 2, 3};
  EXPECT_NE(difference(values, {1, 2}), "");
  EXPECT_NE(difference_beyond({1, 1, 1}, values, {1, 2}), "");
  EXPECT_NE(difference_beyond({1, 1, 1}, values, {1, NAN, 3}), "");
}

// The bound must let no answer pass from which a single product is missing, doubled or of the wrong sign.
TEST(SameAnswers, ASumWithoutOneOfItsProductsIsBeyondTheBound) {
  constexpr std::size_t terms = 1024;
  const std::vector<float> x = gaussian(terms, 2);
  const std::vector<float> y = gaussian(terms, 3);
  double sum = 0;
  double magnitudes = 0;
  for (std::size_t k = 0; k < terms; ++k) {
    sum += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    magnitudes += std::abs(static_cast<double>(x[k]) * static_cast<double>(y[k]));
  }
  const std::vector<double> bound = {sum_bound<float>(dot_chain<float>(terms), magnitudes)};
  std::size_t noticed = 0;
  for (std::size_t k = 0; k < terms; ++k) {
    const double without = sum - static_cast<double>(x[k]) * static_cast<double>(y[k]);
    if (!difference_beyond(bound, std::vector<float>{static_cast<float>(sum)},
                           std::vector<float>{static_cast<float>(without)})
             .empty()) {
      ++noticed;
    }
  }
  EXPECT_GE(noticed, terms * 9 / 10) << "all but the smallest products";
}

}  // namespace
}  // namespace splice_cuda::testing

#include "core/equal_rows.hpp"

#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/equal_keys.hpp"

namespace splice_cuda {
namespace {

TEST(EqualRows, FindsTheFirstOfEachKindAndIgnoresPadding) {
  const std::vector<float> values = {1, 2, 9,  //
                                     3, 4, 8,  //
                                     1, 2, 7,  //
                                     3, 4, 6,  //
                                     1, 5, 5};
  const MatrixView<const float> matrix{values.data(), 5, 2, 3};
  EXPECT_EQ(first_equal_rows(matrix), (std::vector<std::int32_t>{0, 1, 0, 1, 4}));
}

TEST(EqualRows, NoRows) { EXPECT_TRUE(first_equal_rows(MatrixView<const float>()).empty()); }

TEST(EqualRows, ZerosOfBothSignsAreEqualInEveryType) {
  const std::vector<float> wide = {0.0f, 1, -0.0f, 1, 0.0f, -1};
  EXPECT_EQ(first_equal_rows(MatrixView<const float>(wide.data(), 3, 2)), (std::vector<std::int32_t>{0, 0, 2}));
  const std::vector<Float16> half = {{0}, {0x3c00}, {0x8000}, {0x3c00}, {0}, {0xbc00}};
  EXPECT_EQ(first_equal_rows(MatrixView<const Float16>(half.data(), 3, 2)), (std::vector<std::int32_t>{0, 0, 2}));
  const std::vector<BFloat16> brain = {{0}, {0x3f80}, {0x8000}, {0x3f80}, {0}, {0xbf80}};
  EXPECT_EQ(first_equal_rows(MatrixView<const BFloat16>(brain.data(), 3, 2)), (std::vector<std::int32_t>{0, 0, 2}));
}

/// Whatever the hash is worth: the contents decide.
TEST(EqualRows, CollidingHashesChangeNothing) {
  std::vector<float> values;
  std::vector<std::int32_t> expected;
  for (std::int32_t i = 0; i < 1000; ++i) {
    values.push_back(static_cast<float>(i * 7 % 100));
    expected.push_back(i % 100);
  }
  const MatrixView<const float> matrix(values.data(), 1000, 1);
  EXPECT_EQ(first_equal_rows(matrix), expected);
  EXPECT_EQ(first_equal_rows(matrix, std::vector<std::uint64_t>(1000, 42)), expected);
}

/// A hash that says nothing must not make the search quadratic.
TEST(EqualItems, ManyCollisionsTakeNLogNComparisons) {
  constexpr std::int32_t count = 20000;
  std::int64_t comparisons = 0;
  const auto first = first_equal_items(std::vector<std::uint64_t>(count, 1), [&](std::int32_t a, std::int32_t b) {
    ++comparisons;
    return a < b ? -1 : a > b ? 1 : 0;
  });
  std::vector<std::int32_t> expected(count);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(first, expected);
  EXPECT_LT(comparisons, 50 * count);
}

}  // namespace
}  // namespace splice_cuda

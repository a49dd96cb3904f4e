#include "cpu/select.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "cpu_problem.hpp"
#include "every_target.hpp"

namespace splice_cuda::cpu {
namespace {

std::int64_t count_above(const std::vector<float>& values, float threshold, bool both_signs) {
  return std::count_if(values.begin(), values.end(), [&](float value) {
    return (both_signs ? std::abs(value) : value) > threshold;
  });
}

TEST(Select, KeepsAtMostAndNearlyAsManyAsAsked) {
  testing::for_every_target([] {
    for (const std::size_t count : {1u, 2u, 17u, 1000u}) {
      const std::vector<float> values = testing::gaussian(count, 3);
      for (const std::int64_t keep : {1, 5, 100}) {
        for (const bool both_signs : {false, true}) {
          const float threshold =
              best_threshold(values.data(), static_cast<std::int64_t>(count), keep, both_signs);
          const std::int64_t above = count_above(values, threshold, both_signs);
          EXPECT_LE(above, std::max<std::int64_t>(keep, 0));
          EXPECT_GE(above, std::min<std::int64_t>(keep, static_cast<std::int64_t>(count)) * 9 / 10);
        }
      }
    }
  });
}

TEST(Select, EqualValuesDoNotLoop) {
  const std::vector<float> values(50, 0.25f);
  EXPECT_EQ(count_above(values, best_threshold(values.data(), 50, 10, false), false), 0);
  EXPECT_EQ(count_above(values, best_threshold(values.data(), 50, 50, false), false), 50);
}

}  // namespace
}  // namespace splice_cuda::cpu

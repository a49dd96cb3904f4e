#include "cpu/select.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
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

TEST(Select, AFloorIsTheThresholdWhereFewLieAboveIt) {
  testing::for_every_target([] {
    const std::vector<float> values = testing::gaussian(500, 7);
    const float floor = 1.5f;
    const std::int64_t above = count_above(values, floor, false);
    ASSERT_GT(above, 10);
    EXPECT_EQ(best_threshold(values.data(), 500, above, false, floor), floor);
    const float threshold = best_threshold(values.data(), 500, 10, false, floor);
    EXPECT_GT(threshold, floor);
    EXPECT_LE(count_above(values, threshold, false), 10);
    EXPECT_GE(count_above(values, threshold, false), 9);
  });
}

struct Split {
  std::vector<std::int32_t> taken;
  std::vector<float> taken_values;
  std::vector<std::int32_t> kept;
  std::vector<float> kept_values;
};

Split plain_split(const std::vector<float>& values, float upper, float lower, bool both_signs) {
  Split split;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float size = both_signs ? std::abs(values[i]) : values[i];
    if (size > upper) {
      split.taken.push_back(static_cast<std::int32_t>(i) * 3);
      split.taken_values.push_back(values[i]);
    } else if (size > lower) {
      split.kept.push_back(static_cast<std::int32_t>(i) * 3);
      split.kept_values.push_back(values[i]);
    }
  }
  return split;
}

TEST(Select, TakesKeepsAndDropsAsAPlainLoopDoes) {
  testing::for_every_target([] {
    for (const std::size_t count : {0u, 1u, 7u, 16u, 31u, 700u}) {
      const std::vector<float> values = testing::gaussian(count, 11);
      for (const bool both_signs : {false, true}) {
        for (const auto& [upper, lower] : {std::pair{0.5f, -0.5f}, {3e38f, 0.2f}, {-3e38f, -3e38f}, {1.0f, 1.0f}}) {
          std::vector<std::int32_t> atoms(count);
          for (std::size_t i = 0; i < count; ++i) atoms[i] = static_cast<std::int32_t>(i) * 3;
          std::vector<float> kept = values;
          std::vector<std::int32_t> taken(count + taken_slack, -1);
          std::vector<float> taken_values(count + taken_slack, NAN);
          Selection selection{atoms.data(), kept.data(), static_cast<std::int64_t>(count), both_signs};
          const std::int64_t moved = take_above(selection, upper, lower, {taken.data(), taken_values.data()});
          taken.resize(static_cast<std::size_t>(moved));
          taken_values.resize(static_cast<std::size_t>(moved));
          atoms.resize(static_cast<std::size_t>(selection.count));
          kept.resize(static_cast<std::size_t>(selection.count));
          const Split expected = plain_split(values, upper, lower, both_signs);
          EXPECT_EQ(taken, expected.taken);
          EXPECT_EQ(taken_values, expected.taken_values);
          EXPECT_EQ(atoms, expected.kept);
          EXPECT_EQ(kept, expected.kept_values);
        }
      }
    }
  });
}

TEST(Select, PlacesAboveAreThoseOfAPlainLoop) {
  testing::for_every_target([] {
    for (const std::size_t count : {0u, 1u, 7u, 16u, 31u, 700u}) {
      const std::vector<float> values = testing::gaussian(count, 12);
      std::vector<float> errors = testing::gaussian(3 * count + 1, 13);
      for (float& error : errors) error = 0.1f * std::abs(error);
      std::vector<std::int32_t> atoms(count);
      for (std::size_t i = 0; i < count; ++i) atoms[i] = static_cast<std::int32_t>(3 * i);
      for (const bool both_signs : {false, true}) {
        for (const float limit : {-3e38f, -0.3f, 0.5f, 3e38f}) {
          std::vector<std::int32_t> expected;
          float expected_rest = -std::numeric_limits<float>::max();
          for (std::size_t i = 0; i < count; ++i) {
            const float error = errors[3 * i] * 0.7f;
            const float bound = (both_signs ? std::abs(values[i]) : values[i]) + error;
            if (bound > limit) {
              expected.push_back(static_cast<std::int32_t>(i));
            } else {
              expected_rest = std::max(expected_rest, bound);
            }
          }
          std::vector<std::int32_t> places(count + taken_slack, -1);
          float rest = NAN;
          const BoundedList list{atoms.data(), values.data(), static_cast<std::int64_t>(count), errors.data(), 0.7f, both_signs};
          places.resize(static_cast<std::size_t>(places_above(list, limit, places.data(), &rest)));
          EXPECT_EQ(places, expected);
          EXPECT_EQ(rest, expected_rest);
        }
      }
    }
  });
}

}  // namespace
}  // namespace splice_cuda::cpu

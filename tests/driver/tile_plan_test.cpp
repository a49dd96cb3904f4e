#include "core/tile_plan.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

constexpr TileCost cost{.fixed_bytes = 1000, .row_bytes = 100, .preferred_rows = 64, .row_multiple = 8};

std::size_t used(const TilePlan& plan) {
  return static_cast<std::size_t>(plan.workers) *
         (cost.fixed_bytes + static_cast<std::size_t>(plan.rows_per_tile) * cost.row_bytes);
}

TEST(TilePlan, StaysWithinTheLimitAndUsesAllWorkers) {
  for (const std::size_t limit : {1100u, 2200u, 5000u, 100000u}) {
    for (const int workers : {1, 2, 7}) {
      for (const std::int64_t rows : {1, 2, 63, 64, 65, 100000}) {
        const TilePlan plan = plan_tiles(cost, rows, workers, limit);
        EXPECT_LE(used(plan), limit);
        EXPECT_GE(plan.rows_per_tile, 1);
        EXPECT_LE(plan.rows_per_tile, 64);
        EXPECT_GE(plan.workers, 1);
        EXPECT_LE(plan.workers, workers);
      }
    }
  }
}

TEST(TilePlan, EnoughMemoryGivesPreferredTilesOfTheKernelsMultiple) {
  const TilePlan plan = plan_tiles(cost, 1000000, 4, 1 << 20);
  EXPECT_EQ(plan.rows_per_tile, 64);
  EXPECT_EQ(plan.workers, 4);
  EXPECT_EQ(plan_tiles(cost, 100, 4, 1 << 20).rows_per_tile, 32);  // a share each, rounded up
}

// Scratch is counted for the rows that can have any.
TEST(TilePlan, RowsWithinALimitAreTheMostThatFit) {
  constexpr TileCost shared{.fixed_bytes = 1000, .row_bytes = 100, .scratch_bytes = 50, .most_scratch = 4};
  for (const TileCost& one : {cost, shared}) {
    for (std::size_t limit = 0; limit < 3000; ++limit) {
      const std::int64_t rows = one.rows_within(limit);
      if (rows > 0) {
        EXPECT_LE(one.bytes(rows), limit);
      }
      EXPECT_GT(one.bytes(rows + 1), limit);
    }
  }
  EXPECT_EQ(shared.bytes(3), 1450u);
  EXPECT_EQ(shared.bytes(6), 1800u);
  EXPECT_EQ(plan_tiles({.fixed_bytes = 1000, .row_bytes = 100, .scratch_bytes = 50, .most_scratch = 4, .preferred_rows = 64}, 50, 1,
                       1899)
                .rows_per_tile,
            6);
}

TEST(TilePlan, NoRowsAtAll) { EXPECT_EQ(plan_tiles(cost, 0, 3, 5000).workers, 1); }

TEST(TilePlan, MoreRowsThanFit32Bits) {
  const TilePlan plan = plan_tiles(cost, std::int64_t{1} << 40, 2, 1 << 20);
  EXPECT_EQ(plan.rows_per_tile, 64);
}

TEST(TilePlan, TooLittleMemoryNamesLimitAndNeed) {
  try {
    plan_tiles(cost, 10, 1, 1099);
    FAIL() << "expected OutOfMemoryError";
  } catch (const OutOfMemoryError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("memory_limit_bytes"), std::string::npos);
    EXPECT_NE(message.find("1099"), std::string::npos);
    EXPECT_NE(message.find("1100"), std::string::npos);
  }
}

}  // namespace
}  // namespace splice_cuda

// Lists that overflow in a certifying round.

#include <vector>

#include <gtest/gtest.h>

#include "cpu/working_set_row.hpp"

namespace splice_cuda::cpu {
namespace {

TEST(ListOverflows, NarrowsTheMarginBeforeTheExactPath) {
  WorkingSetRow row;
  row.phase = RowPhase::certifying;
  row.list.capacity = 10;
  row.list.count = 11;
  for (int level = 1; level < margin_levels; ++level) {
    EXPECT_TRUE(list_overflows(row));
    EXPECT_EQ(row.margin_level, level);
    EXPECT_EQ(row.phase, RowPhase::certifying);
  }
  EXPECT_TRUE(list_overflows(row));
  EXPECT_EQ(row.phase, RowPhase::exact);
}

TEST(ListOverflows, AWholeListExpectsSmallMovementsNext) {
  WorkingSetRow row;
  row.phase = RowPhase::certifying;
  row.list.capacity = 10;
  row.list.count = 10;
  EXPECT_FALSE(list_overflows(row));
  EXPECT_EQ(row.margin_level, margin_levels - 1);
  EXPECT_EQ(row.phase, RowPhase::certifying);
}

}  // namespace
}  // namespace splice_cuda::cpu

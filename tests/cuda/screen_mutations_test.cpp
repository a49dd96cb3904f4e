// Each thing that the fused screening kernels cannot do without: when it is left out, the emulation or the lists say so.

#include <gtest/gtest.h>

#include <functional>

#include "cuda/screen_lists.hpp"

namespace splice_cuda::testing {
namespace {

using cuda::ProductUnit;
using cuda::ScreenFaults;

struct Found {
  emulation::Faults faults;
  bool differs = false;  ///< from the portable path's lists
};

/// @param watched  otherwise faults are not looked for, but copies and products are late all the same
template <ScreenFaults without, ProductUnit unit>
Found broken(bool watched, emulation::LaneOrder order = emulation::LaneOrder::ascending, std::int64_t capacity = 20) {
  ScreenCase wanted{70, 68, 416, 192, capacity};
  wanted.listed = 0.1;
  ScreenProblem problem(wanted, 21);
  const ScreenLists expected = problem.portable();
  Found found;
  const auto run = [&] { found.differs = !problem.difference(expected, problem.fused<64, true, unit, without>()).empty(); };
  if (watched) {
    const emulation::Watched watch(order);
    run();
    found.faults = emulation::faults();
  } else {
    run();
  }
  return found;
}

/// What both orders of lanes find.
template <ScreenFaults without, ProductUnit unit>
void expect_each_order(const std::function<std::int64_t(const emulation::Faults&)>& count) {
  for (const emulation::LaneOrder order : {emulation::LaneOrder::ascending, emulation::LaneOrder::descending}) {
    EXPECT_GT(count(broken<without, unit>(true, order).faults), 0);
  }
}
template <ScreenFaults without>
void expect_each_order_and_unit(const std::function<std::int64_t(const emulation::Faults&)>& count) {
  expect_each_order<without, ProductUnit::warp>(count);
  expect_each_order<without, ProductUnit::warpgroup>(count);
}
/// Lists differ though nobody watches.
template <ScreenFaults without>
void expect_difference(std::int64_t capacity = 20) {
  constexpr auto order = emulation::LaneOrder::ascending;
  EXPECT_TRUE((broken<without, ProductUnit::warp>(false, order, capacity).differs));
  EXPECT_TRUE((broken<without, ProductUnit::warpgroup>(false, order, capacity).differs));
}
constexpr auto races = [](const emulation::Faults& faults) { return faults.races; };
constexpr auto unfinished_copies = [](const emulation::Faults& faults) { return faults.unfinished_copies; };

constexpr auto unfinished_products = [](const emulation::Faults& faults) { return faults.unfinished_products; };
constexpr auto unpublished_reads = [](const emulation::Faults& faults) { return faults.unpublished_reads; };

template <ProductUnit unit>
void expect_nothing() {
  EXPECT_FALSE((broken<ScreenFaults{}, unit>(false).differs));
  const Found found = broken<ScreenFaults{}, unit>(true);
  EXPECT_EQ(found.faults.total(), 0) << found.faults.first;
  EXPECT_FALSE(found.differs);
}
TEST(ScreenMutations, NothingBroken) {
  expect_nothing<ProductUnit::warp>();
  expect_nothing<ProductUnit::warpgroup>();
}

TEST(ScreenMutations, NoWait) {
  constexpr ScreenFaults without{.no_wait = true};
  expect_each_order_and_unit<without>(unfinished_copies);
  expect_difference<without>();
}

TEST(ScreenMutations, WaitForOneSliceTooFew) {
  constexpr ScreenFaults without{.wait_too_short = true};
  expect_each_order_and_unit<without>(unfinished_copies);
  EXPECT_TRUE((broken<without, ProductUnit::warp>(false).differs));  // warpgroups' products are as late as the copies
}

TEST(ScreenMutations, NoBarrierAfterTheWait) {
  constexpr ScreenFaults without{.no_slice_barrier = true};
  expect_each_order_and_unit<without>(races);
}

TEST(ScreenMutations, CopiesOverWhatIsRead) {
  constexpr ScreenFaults without{.copies_too_early = true};
  expect_each_order_and_unit<without>(races);
}

TEST(ScreenMutations, CopiesThatProductsDoNotSee) {
  constexpr ScreenFaults without{.no_fence = true};
  expect_each_order<without, ProductUnit::warpgroup>(unpublished_reads);
}

TEST(ScreenMutations, CopiesOverWhatAProductReads) {
  constexpr ScreenFaults without{.no_product_wait = true};
  expect_each_order<without, ProductUnit::warpgroup>(unfinished_products);
  EXPECT_TRUE((broken<without, ProductUnit::warpgroup>(false).differs));
}

TEST(ScreenMutations, SumsOfTheTileBefore) {
  constexpr ScreenFaults without{.sums_kept = true};
  EXPECT_TRUE((broken<without, ProductUnit::warpgroup>(false).differs));
}

TEST(ScreenMutations, NoBarrierAfterTheFlags) {
  constexpr ScreenFaults without{.no_flag_barrier = true};
  expect_each_order_and_unit<without>(races);
}

TEST(ScreenMutations, CountsInPlace) {
  constexpr ScreenFaults without{.counts_in_place = true};
  expect_each_order_and_unit<without>(races);
}

TEST(ScreenMutations, ListOneTooLong) {
  constexpr ScreenFaults without{.list_one_too_long = true};
  expect_each_order_and_unit<without>([](const emulation::Faults& faults) { return faults.out_of_bounds; });
  expect_difference<without>();
}

TEST(ScreenMutations, ErrorSubtracted) { expect_difference<ScreenFaults{.error_subtracted = true}>(416); }

}  // namespace
}  // namespace splice_cuda::testing

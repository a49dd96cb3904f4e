// Each thing that the fused screening kernel cannot do without: when it is left out, the emulation or the lists say so.

#include <gtest/gtest.h>

#include <functional>

#include "cuda/screen_lists.hpp"

namespace splice_cuda::testing {
namespace {

using cuda::ScreenFaults;

struct Found {
  emulation::Faults faults;
  bool differs = false;  ///< from the portable path's lists
};

/// @param watched  otherwise faults are not looked for, but copies are late all the same
template <ScreenFaults without>
Found broken(bool watched, emulation::LaneOrder order = emulation::LaneOrder::ascending, std::int64_t capacity = 20) {
  ScreenCase wanted{70, 68, 416, 128, capacity};
  wanted.listed = 0.1;
  ScreenProblem problem(wanted, 21);
  const ScreenLists expected = problem.portable();
  Found found;
  const auto run = [&] { found.differs = !problem.difference(expected, problem.fused<64, true, without>()).empty(); };
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
template <ScreenFaults without>
void expect_each_order(const std::function<std::int64_t(const emulation::Faults&)>& count) {
  for (const emulation::LaneOrder order : {emulation::LaneOrder::ascending, emulation::LaneOrder::descending}) {
    EXPECT_GT(count(broken<without>(true, order).faults), 0);
  }
}
constexpr auto races = [](const emulation::Faults& faults) { return faults.races; };
constexpr auto unfinished_copies = [](const emulation::Faults& faults) { return faults.unfinished_copies; };

TEST(ScreenMutations, NothingBroken) {
  EXPECT_FALSE(broken<ScreenFaults{}>(false).differs);
  const Found found = broken<ScreenFaults{}>(true);
  EXPECT_EQ(found.faults.total(), 0) << found.faults.first;
  EXPECT_FALSE(found.differs);
}

TEST(ScreenMutations, NoWait) {
  constexpr ScreenFaults without{.no_wait = true};
  expect_each_order<without>(unfinished_copies);
  EXPECT_TRUE(broken<without>(false).differs);
}

TEST(ScreenMutations, WaitForOneSliceTooFew) {
  constexpr ScreenFaults without{.wait_too_short = true};
  expect_each_order<without>(unfinished_copies);
  EXPECT_TRUE(broken<without>(false).differs);
}

TEST(ScreenMutations, NoBarrierAfterTheWait) {
  constexpr ScreenFaults without{.no_slice_barrier = true};
  expect_each_order<without>(races);
}

TEST(ScreenMutations, CopiesOverWhatIsRead) {
  constexpr ScreenFaults without{.copies_too_early = true};
  expect_each_order<without>(races);
}

TEST(ScreenMutations, NoBarrierAfterTheFlags) {
  constexpr ScreenFaults without{.no_flag_barrier = true};
  expect_each_order<without>(races);
}

TEST(ScreenMutations, CountsInPlace) {
  constexpr ScreenFaults without{.counts_in_place = true};
  expect_each_order<without>(races);
}

TEST(ScreenMutations, ListOneTooLong) {
  constexpr ScreenFaults without{.list_one_too_long = true};
  EXPECT_GT(broken<without>(true).faults.out_of_bounds, 0);
  EXPECT_TRUE(broken<without>(false).differs);
}

TEST(ScreenMutations, ErrorSubtracted) {
  constexpr ScreenFaults without{.error_subtracted = true};
  EXPECT_TRUE(broken<without>(false, emulation::LaneOrder::ascending, 416).differs);
}

TEST(ScreenMutations, ZeroWeightsListed) {
  constexpr ScreenFaults without{.zero_weights_listed = true};
  EXPECT_TRUE(broken<without>(false, emulation::LaneOrder::ascending, 416).differs);
}

}  // namespace
}  // namespace splice_cuda::testing

// The model of what warps wait for, by small kernels whose times can be told by hand.

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "cuda/compiled/machine.hpp"
#include "cuda/compiled/small_kernel.hpp"
#include "cuda/compiled/timeline.hpp"

namespace splice_cuda::testing {
namespace {

using compiled::Timeline;
using compiled::Wait;

struct Waits {
  Timeline::Cycles cycles{};
  std::int64_t bytes = 0;

  std::int64_t all() const { return std::accumulate(cycles.begin(), cycles.end(), std::int64_t{0}); }
  std::int64_t of(Wait wait) const { return cycles[static_cast<std::size_t>(wait)]; }
};

/// Of a small_kernel.
Waits waits_of(const std::string& body, int threads = 32) {
  compiled::Machine machine(compiled::parse(small_kernel(body)));
  Timeline timeline(machine.program());
  machine.set_observer(&timeline);
  alignas(128) static std::uint64_t numbers[128] = {};
  const std::uint64_t* argument = numbers;
  machine.run("kernel", {1, threads, 0, &argument, sizeof(argument)});
  Waits sum;
  for (std::size_t i = 0; i < timeline.waits()[0].size(); ++i) {
    for (std::size_t k = 0; k < sum.cycles.size(); ++k) sum.cycles[k] += timeline.waits()[0][i][k];
    sum.bytes += timeline.far_bytes()[0][i];
  }
  return sum;
}

TEST(Timeline, WhatDependsOnEachOtherWaits) {
  // %f2 to %f9 from %f1, and each from the one before: seven waits of three cycles more.
  std::string apart;
  std::string chain;
  for (int i = 2; i < 10; ++i) {
    apart += "add.rn.f32 %f" + std::to_string(i) + ", %f1, %f1;\n";
    chain += "add.rn.f32 %f" + std::to_string(i) + ", %f" + std::to_string(i - 1) + ", %f1;\n";
  }
  const auto within = [](const std::string& body) { return waits_of("bar.warp.sync -1;\n" + body + "bar.warp.sync -1;\n"); };
  EXPECT_EQ(within(apart).of(Wait::issue) - within("").of(Wait::issue), 8);
  EXPECT_EQ(within(apart).all() - within("").all(), 8);
  EXPECT_EQ(within(chain).of(Wait::issue) - within("").of(Wait::issue), 8);
  EXPECT_EQ(within(chain).all() - within(apart).all(), 7 * 3);
}

TEST(Timeline, WhatWasReadLatelyIsNear) {
  const std::string once = "ld.global.u32 %r2, [%rd2];\n";
  const std::string used = once + "add.s32 %r3, %r2, 1;\n";
  const Waits first = waits_of(used);
  EXPECT_GT(first.of(Wait::second_level), 200);
  EXPECT_EQ(first.bytes, 32 * 8) << "sectors that lie between them, too";
  EXPECT_EQ(waits_of(once).of(Wait::second_level), 0) << "nobody waits";
  const Waits again = waits_of(used + "bar.warp.sync -1;\nld.global.u32 %r4, [%rd2];\nadd.s32 %r5, %r4, 1;\n");
  EXPECT_EQ(again.bytes, first.bytes);
  EXPECT_EQ(again.of(Wait::second_level), first.of(Wait::second_level));
  EXPECT_GT(again.of(Wait::first_level), 20);
}

/// Loads go ahead of what does not need them, but not of stores, which may be to the same place, nor across labels.
TEST(Timeline, LoadsGoAheadWithinAPiece) {
  const std::string loads[] = {"ld.global.u32 %r2, [%rd2];\n", "ld.global.u32 %r4, [%rd2+256];\n"};
  const std::string uses[] = {"add.s32 %r3, %r2, 1;\n", "add.s32 %r5, %r4, 1;\n"};
  const std::int64_t together = waits_of(loads[0] + loads[1] + uses[0] + uses[1]).of(Wait::second_level);
  EXPECT_EQ(waits_of(loads[0] + uses[0] + loads[1] + uses[1]).of(Wait::second_level), together);
  const std::int64_t apart = waits_of(loads[0] + uses[0] + "st.global.u32 [%rd2+512], %r3;\n" + loads[1] + uses[1]).of(Wait::second_level);
  EXPECT_GT(apart, together + 200);
  EXPECT_GT(waits_of("setp.gt.u32 %p1, %r1, 99;\n@%p1 bra $L_label;\n" + loads[0] + uses[0] + "$L_label:\n" + loads[1] + uses[1]).of(Wait::second_level), together + 200);
}

TEST(Timeline, BanksOfSharedMemoryTakeTurns) {
  const auto wait = [](int stride, int lanes) {
    return waits_of("and.b32 %r2, %r1, " + std::to_string(lanes - 1) + ";\nmul.lo.s32 %r3, %r2, " + std::to_string(stride) +
                    ";\nld.shared.u32 %r4, [%r3];\nadd.s32 %r8, %r4, 1;\n").of(Wait::shared);
  };
  const std::int64_t one_turn = wait(4, 32);
  EXPECT_GT(one_turn, 20);
  EXPECT_EQ(wait(0, 32), one_turn) << "all lanes read one word";
  EXPECT_EQ(wait(128, 2), one_turn + 1);
  EXPECT_EQ(wait(8, 32), one_turn + 1);
}

TEST(Timeline, WarpsWaitForTheLastOne) {
  // The second warp goes round a loop 50 times.
  const std::string body = R"(
  setp.lt.u32 %p1, %r1, 32;
  @%p1 bra $L_met;
  mov.u32 %r2, 0;
$L_loop:
  add.s32 %r2, %r2, 1;
  setp.lt.s32 %p2, %r2, 50;
  @%p2 bra $L_loop;
$L_met:
)";
  const std::int64_t alone = waits_of(body, 64).all();
  const Waits met = waits_of(body + "bar.sync 0;\n", 64);
  EXPECT_GT(met.of(Wait::barrier), 50 * 10);
  EXPECT_GT(met.all(), alone + 50 * 10);
}

TEST(Timeline, NamesItsWaits) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Wait::count); ++i) EXPECT_STRNE(compiled::name_of(static_cast<Wait>(i)), "");
}

}  // namespace
}  // namespace splice_cuda::testing

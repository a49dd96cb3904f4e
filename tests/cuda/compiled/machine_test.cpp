// The machine that runs PTX, by small kernels: what it computes, and what it reports.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "cuda/compiled/machine.hpp"
#include "cuda/compiled/small_kernel.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::HasSubstr;

/// What the threads of a block leave in the array.
std::vector<std::uint64_t> run(const std::string& text, int threads = 32, std::size_t dynamic_bytes = 0) {
  compiled::Machine machine(compiled::parse(text));
  std::vector<std::uint64_t> numbers(64, 7);
  const std::uint64_t* argument = numbers.data();
  machine.run("kernel", {1, threads, dynamic_bytes, &argument, sizeof(argument)});
  return numbers;
}

std::vector<std::uint64_t> run_body(const std::string& body, int threads = 32) { return run(small_kernel(body), threads); }

std::string failure_of(const std::string& body, int threads = 32) {
  try {
    run_body(body, threads);
  } catch (const compiled::KernelError& error) {
    return error.what();
  }
  return "";
}

TEST(CompiledMachine, EachThreadHasItsNumber) {
  const std::vector<std::uint64_t> numbers = run_body("cvt.u64.u32 %rd3, %r1; st.global.u64 [%rd2], %rd3;", 40);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(numbers[i], i < 40 ? i : 7);
}

/// Lanes that part, some of them for longer, exchange numbers where they meet again.
TEST(CompiledMachine, LanesMeetAgain) {
  const std::vector<std::uint64_t> numbers = run_body(R"(
  and.b32 %r2, %r1, 3;
  mov.u32 %r3, 100;
  setp.eq.s32 %p1, %r2, 0;
  @%p1 bra $L_met;
$L_loop:
  add.s32 %r3, %r3, 1;
  sub.s32 %r2, %r2, 1;
  setp.gt.s32 %p2, %r2, 0;
  @%p2 bra $L_loop;
$L_met:
  shfl.sync.bfly.b32 %r4|%p3, %r3, 1, 31, -1;
  cvt.u64.u32 %rd3, %r4;
  st.global.u64 [%rd2], %rd3;)");
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(numbers[i], 100 + ((i ^ 1) & 3)) << i;
}

TEST(CompiledMachine, LanesThatWaitForEachOtherForeverAreReported) {
  const std::string failure = failure_of(R"(
  setp.lt.u32 %p1, %r1, 16;
  @%p1 bra $L_lower;
  shfl.sync.idx.b32 %r3|%p3, %r1, 0, 31, -1;
  bra.uni $L_end;
$L_lower:
  shfl.sync.idx.b32 %r3|%p3, %r1, 1, 31, -1;
$L_end:)");
  EXPECT_THAT(failure, HasSubstr("wait for each other"));
}

/// Lanes that have left are not waited for, and nobody waits where no lane takes part.
TEST(CompiledMachine, LanesThatLeaveAreNotWaitedFor) {
  const std::vector<std::uint64_t> numbers = run_body(R"(
  setp.ge.u32 %p1, %r1, 16;
  @%p1 bra $L_end;
  redux.sync.add.s32 %r3, %r1, -1;
  cvt.u64.u32 %rd3, %r3;
  st.global.u64 [%rd2], %rd3;
  setp.eq.u32 %p2, %r1, 99;
  @%p2 bar.sync 0;
  ret;
$L_end:)");
  EXPECT_EQ(numbers[3], 120u);
  EXPECT_EQ(numbers[16], 7u);
}

TEST(CompiledMachine, ExchangesAndReductions) {
  const auto of = [](const std::string& body) { return run_body(body + " cvt.s64.s32 %rd3, %r5; st.global.u64 [%rd2], %rd3;"); };
  const std::vector<std::uint64_t> up = of("shfl.sync.up.b32 %r5|%p1, %r1, 3, 0, -1;");
  const std::vector<std::uint64_t> down = of("shfl.sync.down.b32 %r5|%p1, %r1, 3, 31, -1;");
  const std::vector<std::uint64_t> eights = of("shfl.sync.bfly.b32 %r5|%p1, %r1, 1, 0x1807, -1;");
  const std::vector<std::uint64_t> index = of("shfl.sync.idx.b32 %r5|%p1, %r1, 5, 31, -1;");
  for (std::uint64_t i = 0; i < 32; ++i) {
    EXPECT_EQ(up[i], i < 3 ? i : i - 3);
    EXPECT_EQ(down[i], i + 3 > 31 ? i : i + 3);
    EXPECT_EQ(eights[i], i ^ 1);
    EXPECT_EQ(index[i], 5u);
  }
  const std::string signed_lane = "sub.s32 %r2, %r1, 9; ";
  EXPECT_EQ(of(signed_lane + "redux.sync.min.s32 %r5, %r2, -1;")[4], static_cast<std::uint64_t>(-9));
  EXPECT_EQ(of(signed_lane + "redux.sync.max.s32 %r5, %r2, -1;")[4], 22u);
  EXPECT_EQ(of(signed_lane + "redux.sync.max.u32 %r5, %r2, -1;")[4], static_cast<std::uint64_t>(-1));
  EXPECT_EQ(of("setp.gt.u32 %p1, %r1, 29; vote.sync.ballot.b32 %r5, %p1, -1;")[0], static_cast<std::uint64_t>(std::int32_t(0xC0000000)));
}

TEST(CompiledMachine, NarrowNumbersKeepTheirSign) {
  const std::string store = "mov.u32 %r2, 0x80FF7F81; st.global.u32 [%rd2], %r2; ";
  const auto of = [&](const std::string& load) { return run_body(store + load + " cvt.s64.s32 %rd3, %r5; st.global.u64 [%rd2], %rd3;")[2]; };
  EXPECT_EQ(of("ld.global.s8 %r5, [%rd2];"), static_cast<std::uint64_t>(-127));
  EXPECT_EQ(of("ld.global.u8 %r5, [%rd2];"), 129u);
  EXPECT_EQ(of("ld.global.s16 %r5, [%rd2+2];"), static_cast<std::uint64_t>(-32513));
  EXPECT_EQ(of("ld.global.u32 %r2, [%rd2]; cvt.s32.s8 %r5, %r2;"), static_cast<std::uint64_t>(-127));
}

TEST(CompiledMachine, ABarrierThatSomeLanesSkipIsReported) {
  EXPECT_THAT(failure_of("setp.lt.u32 %p1, %r1, 16; @%p1 bar.sync 0;"), HasSubstr("not all lanes"));
  EXPECT_THAT(failure_of("setp.lt.u32 %p1, %r1, 16; @%p1 shfl.sync.idx.b32 %r3, %r1, 0, 31, -1;"), HasSubstr("not all lanes"));
}

/// Warps see what others wrote before a barrier: the first warp what the second one wrote, and the other way round.
TEST(CompiledMachine, BarriersOrderWarps) {
  const std::vector<std::uint64_t> numbers = run_body(R"(
  mov.u32 %r2, fixed;
  shl.b32 %r3, %r1, 2;
  add.s32 %r4, %r2, %r3;
  st.shared.u32 [%r4], %r1;
  bar.sync 0;
  xor.b32 %r5, %r1, 32;
  shl.b32 %r5, %r5, 2;
  add.s32 %r5, %r2, %r5;
  ld.shared.u32 %r6, [%r5];
  cvt.u64.u32 %rd3, %r6;
  st.global.u64 [%rd2], %rd3;)", 64);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(numbers[i], i ^ 32);
}

TEST(CompiledMachine, SharedMemoryBeginsUndefinedAndEnds) {
  const std::vector<std::uint64_t> numbers = run_body("mov.u32 %r2, fixed; ld.shared.u32 %r3, [%r2+252]; cvt.u64.u32 %rd3, %r3; st.global.u64 [%rd2], %rd3;");
  EXPECT_EQ(numbers[0], 0xFFFFFFFFu);
  EXPECT_THAT(failure_of("mov.u32 %r2, fixed; ld.shared.u32 %r3, [%r2+256];"), HasSubstr("of 256 bytes"));
  const std::string dynamic = small_kernel("mov.u32 %r2, dynamic; st.shared.u32 [%r2+12], %r1; cvt.u64.u32 %rd3, %r2; st.global.u64 [%rd2], %rd3;");
  EXPECT_EQ(run(dynamic, 32, 16)[0], 256u);
  EXPECT_THROW(run(dynamic, 32, 12), compiled::KernelError);
}

TEST(CompiledMachine, MisalignedAndWildAddressesAreReported) {
  EXPECT_THAT(failure_of("ld.global.u32 %r2, [%rd1+2];"), HasSubstr("no multiple of 4"));
  EXPECT_THAT(failure_of("ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd1+8]; ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd1];"),
              HasSubstr("no multiple of 16"));
  EXPECT_THAT(failure_of("mov.u64 %rd3, 8; ld.global.u32 %r2, [%rd3];"), HasSubstr("nothing is there"));
}

TEST(CompiledMachine, TrapsName) {
  const std::string failure = failure_of("trap;");
  EXPECT_THAT(failure, HasSubstr("kernel, line "));
  EXPECT_THAT(failure, HasSubstr("trap"));
}

/// An asynchronous copy is there once it is waited for, and not before.
TEST(CompiledMachine, CopiesArriveWhenTheyAreWaitedFor) {
  const std::string copy = R"(
  mov.u32 %r2, fixed;
  mov.u32 %r3, 16;
  st.shared.u32 [%r2], 5;
  bar.warp.sync -1;
  cp.async.cg.shared.global [%r2], [%rd1], 16, %r3;
  cp.async.commit_group;
)";
  const std::string look = "ld.shared.u32 %r4, [%r2]; cvt.u64.u32 %rd3, %r4; st.global.u64 [%rd2+256], %rd3;";
  EXPECT_EQ(run_body(copy + look)[32], 5u);
  EXPECT_EQ(run_body(copy + "cp.async.wait_group 1;" + look)[32], 5u);
  EXPECT_EQ(run_body(copy + "cp.async.wait_group 0;" + look)[32], 7u);
}

TEST(CompiledMachine, FunctionsHaveFramesOfTheirOwn) {
  const std::string text = small_kernel(R"(
  setp.lt.u32 %p1, %r1, 8;
  mov.u32 %r3, 1;
  @%p1 bra $L_end;
  { // callseq 0
  .param .b32 param0;
  st.param.b32 [param0+0], %r1;
  .param .b32 retval0;
  call.uni (retval0), twice, (param0);
  ld.param.b32 %r3, [retval0+0];
  }
$L_end:
  cvt.u64.u32 %rd3, %r3;
  st.global.u64 [%rd2], %rd3;)");
  const std::size_t at = text.find(".visible");
  const std::string function = R"(
.func (.param .b32 func_retval0) twice(
  .param .b32 twice_param_0
)
{
  .reg .b32 %r<3>;
  ld.param.u32 %r1, [twice_param_0];
  add.s32 %r2, %r1, %r1;
  st.param.b32 [func_retval0+0], %r2;
  ret;
}
)";
  const std::vector<std::uint64_t> numbers = run(text.substr(0, at) + function + text.substr(at));
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(numbers[i], i < 8 ? 1 : 2 * i);
}

/// Numbers at the edges: what a conversion clamps, what an order without numbers says, shifts by all bits.
TEST(CompiledMachine, Edges) {
  const auto first = [](const std::string& body) {
    return static_cast<std::uint32_t>(run_body(body + " cvt.u64.u32 %rd3, %r5; st.global.u64 [%rd2], %rd3;")[0]);
  };
  EXPECT_EQ(first("mov.f32 %f1, 0f7FC00000; cvt.rzi.s32.f32 %r5, %f1;"), 0u);                  // NaN
  EXPECT_EQ(first("mov.f32 %f1, 0f7F800000; cvt.rzi.s32.f32 %r5, %f1;"), 0x7FFFFFFFu);         // infinity
  EXPECT_EQ(first("mov.f32 %f1, 0fC0200000; cvt.rni.s32.f32 %r5, %f1;"), 0xFFFFFFFEu);         // -2.5 to even
  EXPECT_EQ(first("mov.f32 %f1, 0fC0200000; cvt.rmi.s32.f32 %r5, %f1;"), 0xFFFFFFFDu);
  EXPECT_EQ(first("mov.f32 %f1, 0f7FC00000; setp.lt.f32 %p1, %f1, %f1; selp.u32 %r5, 1, 0, %p1;"), 0u);
  EXPECT_EQ(first("mov.f32 %f1, 0f7FC00000; setp.geu.f32 %p1, %f1, %f1; selp.u32 %r5, 1, 0, %p1;"), 1u);
  EXPECT_EQ(first("mov.f32 %f1, 0f7FC00000; setp.ne.f32 %p1, %f1, %f1; selp.u32 %r5, 1, 0, %p1;"), 0u);
  EXPECT_EQ(first("mov.f32 %f1, 0f7FC00000; setp.neu.f32 %p1, %f1, %f1; selp.u32 %r5, 1, 0, %p1;"), 1u);
  EXPECT_EQ(first("setp.eq.u32 %p1, %r1, 0; xor.pred %p2, %p1, -1; not.pred %p3, %p2; selp.u32 %r5, 1, 0, %p3;"), 1u);
  EXPECT_EQ(first("setp.ne.u32 %p1, %r1, 0; xor.pred %p2, %p1, -1; not.pred %p3, %p2; selp.u32 %r5, 1, 0, %p3;"), 0u);
  EXPECT_EQ(first("mov.u32 %r2, -8; shr.s32 %r5, %r2, 40;"), 0xFFFFFFFFu);
  EXPECT_EQ(first("mov.u32 %r2, -8; shr.u32 %r5, %r2, 32;"), 0u);
  EXPECT_EQ(first("mov.u32 %r2, -8; shl.b32 %r5, %r2, 32;"), 0u);
  EXPECT_EQ(first("mov.u32 %r2, 0x81828384; prmt.b32 %r5, %r2, 0, 0x4183;"), 0x0083FF81u);
  EXPECT_EQ(first("mov.u32 %r2, 0xAB; mov.u32 %r3, -1; bfi.b32 %r5, %r2, %r3, 8, 4;"), 0xFFFFFBFFu);
  EXPECT_EQ(first("mov.f32 %f1, 0f3F800001; neg.f32 %f2, %f1; fma.rn.f32 %f3, %f1, %f1, %f2; mov.b32 %r5, %f3;"),
            std::uint32_t{0x34000001});  // (1 + e)^2 - (1 + e) = e + e^2, not e
}

/// Rows 0 to 15, each of its number, times columns of which only one number is not 0: sum (row, column) = row (column + 1).
TEST(CompiledMachine, ProductsOfBytesHaveTheirPlaces) {
  const std::vector<std::uint64_t> numbers = run_body(R"(
  shr.u32 %r2, %r1, 2;
  and.b32 %r3, %r1, 3;
  mul.lo.u32 %r4, %r2, 0x01010101;
  add.u32 %r5, %r2, 8;
  mul.lo.u32 %r5, %r5, 0x01010101;
  add.u32 %r6, %r2, 1;
  shl.b32 %r6, %r6, 16;
  setp.eq.u32 %p1, %r3, 2;
  selp.b32 %r6, %r6, 0, %p1;
  mov.u32 %r7, 0;
  mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r8, %r9, %r10, %r11}, {%r4, %r5, %r4, %r5}, {%r7, %r6}, {%r7, %r7, %r7, %r1};
  shl.b32 %r12, %r9, 16;
  or.b32 %r12, %r12, %r8;
  mov.b64 %rd3, {%r12, %r11};
  st.global.u64 [%rd2], %rd3;)");
  for (std::uint64_t lane = 0; lane < 32; ++lane) {
    const std::uint64_t row = lane / 4;
    const std::uint64_t column = lane % 4 * 2;
    EXPECT_EQ(numbers[lane] & 0xFFFFu, row * (column + 1)) << lane;
    EXPECT_EQ(numbers[lane] >> 16 & 0xFFFFu, row * (column + 2)) << lane;
    EXPECT_EQ(numbers[lane] >> 32, (row + 8) * (column + 2) + lane) << lane;
  }
}

/// Ones, and what tensor cores leave of a sum.
TEST(CompiledMachine, ProductsOfHalvesAreCut) {
  const std::string body = R"(
  mov.u32 %r2, 0x3C003C00;
  mov.f32 %f1, 0f4B800000;
  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f2, %f3, %f4, %f5}, {%r2, %r2, %r2, %r2}, {%r2, 0}, {%f1, %f1, 0f00000000, 0f00000000};
  mov.b32 %r3, %f2;
  mov.b32 %r4, %f4;
  mov.b64 %rd3, {%r3, %r4};
  st.global.u64 [%rd2], %rd3;)";
  const std::vector<std::uint64_t> numbers = run_body(body);
  const auto number = [](std::uint64_t bits) {
    float value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  };
  EXPECT_EQ(number(numbers[0] & 0xFFFFFFFFu), 16777216.0f + 8.0f);
  EXPECT_EQ(number(numbers[0] >> 32), 8.0f);
  // 2^24 + 2 + 1: to nearest would be 2^24 + 4, and is 2^24 + 2 when cut.
  const std::string three = R"(
  mov.u32 %r5, 0;
  setp.eq.u32 %p1, %r1, 0;
  selp.b32 %r2, 0x3C004000, 0, %p1;
  selp.b32 %r3, 0x3C003C00, 0, %p1;
  mov.f32 %f1, 0f4B800000;
  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f2, %f3, %f4, %f5}, {%r2, %r5, %r5, %r5}, {%r3, %r5}, {%f1, %f1, %f1, %f1};
  mov.b32 %r4, %f2;
  cvt.u64.u32 %rd3, %r4;
  st.global.u64 [%rd2], %rd3;)";
  EXPECT_EQ(number(run_body(three)[0]), 16777218.0f);
}

/// Sums of an asynchronous product are nobody's until it is waited for.
TEST(CompiledMachine, ProductsOfWarpgroupsAreMadeWhenTheyAreWaitedFor) {
  std::string sums;
  for (int i = 0; i < 32; ++i) sums += (i > 0 ? ", %s" : "%s") + std::to_string(i);
  // Rows and columns of ones, four rows of 16 bytes a thread; 64-byte swizzle, 512 bytes to the next eight rows.
  const auto body = [&](const std::string& wait) {
    std::string text = R"(
  .reg .b32 %s<32>;
  .shared .align 1024 .b8 matrix[4096];
  mov.u32 %r2, matrix;
  shl.b32 %r3, %r1, 6;
  add.s32 %r3, %r3, %r2;
  mov.u32 %r4, 0x01010101;
)";
    for (int i = 0; i < 4; ++i) text += "  st.shared.v4.u32 [%r3+" + std::to_string(16 * i) + "], {%r4, %r4, %r4, %r4};\n";
    for (int i = 0; i < 32; ++i) text += "  mov.u32 %s" + std::to_string(i) + ", 1000;\n";
    return text + R"(
  bar.sync 0;
  cvt.u64.u32 %rd3, %r2;
  shr.u64 %rd4, %rd3, 4;
  mov.u64 %rd5, 0x8000002000010000;
  or.b64 %rd5, %rd5, %rd4;
  setp.ne.u32 %p1, 1, 0;
  wgmma.mma_async.sync.aligned.m64n64k32.s32.s8.s8 {)" + sums + R"(}, %rd5, %rd5, %p1;
  wgmma.commit_group.sync.aligned;
)" + wait + "cvt.u64.u32 %rd6, %s5; st.global.u64 [%rd2], %rd6;";
  };
  EXPECT_EQ(run_body(body("wgmma.wait_group.sync.aligned 0;"), 64)[3], 1032u);
  EXPECT_EQ(run_body(body("wgmma.wait_group.sync.aligned 1;"), 64)[3], 0xFFFFFFFFu);
}

TEST(CompiledParser, WhatItDoesNotKnowIsAnErrorWithItsLine) {
  for (const auto& [body, word] : std::vector<std::pair<std::string, std::string>>{
           {"frobnicate.b32 %r2, %r1;", "frobnicate.b32"},
           {"add.s32 %r2, %r1, nobody;", "nobody"},
           {"bra.uni $L_nowhere;", "$L_nowhere"},
           {"bar.sync 1;", "barrier"},
           {"bar.sync 0, 32;", "barrier"},
           {".frob .b32 x;", ".frob"}}) {
    try {
      compiled::parse(small_kernel(body));
      ADD_FAILURE() << body;
    } catch (const compiled::ProgramError& error) {
      EXPECT_THAT(error.what(), HasSubstr(word));
      EXPECT_THAT(error.what(), HasSubstr("line 2"));
    }
  }
  EXPECT_THROW(compiled::parse(small_kernel("mov.u32 %r2, 1;").substr(0, 400)), compiled::ProgramError);
  EXPECT_THROW(compiled::parse(small_kernel("add.s32 5, %r1, %r1;")), compiled::ProgramError);
  EXPECT_THROW(compiled::parse(small_kernel("$L_a: $L_a:")), compiled::ProgramError);
  EXPECT_THROW(compiled::parse(small_kernel("bra;")), compiled::ProgramError);
  EXPECT_THROW(compiled::parse(small_kernel("cp.async.cg.shared.global [%r1+16], [%rd1], 16;")), compiled::ProgramError);
  EXPECT_THROW(compiled::parse(".global .b32 table[4];"), compiled::ProgramError);
  EXPECT_THROW(run_body("add.s32 %r2, %r1;"), compiled::KernelError);
  EXPECT_THROW(run_body("mov.u32 %r2, %clock;"), compiled::ProgramError);
}

TEST(CompiledMachine, CountsWhatWarpsExecute) {
  compiled::Machine machine(compiled::parse(small_kernel(R"(
  setp.lt.u32 %p1, %r1, 32;
  @%p1 bra $L_end;
  add.s32 %r2, %r1, 1;
$L_end:
  bar.sync 0;
  mov.u32 %r3, 1;)")));
  std::vector<std::uint64_t> numbers(64);
  const std::uint64_t* argument = numbers.data();
  machine.run("kernel", {3, 64, 0, &argument, sizeof(argument)});
  const std::vector<std::int64_t>& counts = machine.counts()[0];
  EXPECT_EQ(counts, (std::vector<std::int64_t>{6, 6, 6, 6, 6, 6, 3, 6, 6, 6}));
  EXPECT_THROW(machine.run("kernel", {1, 64, 0, &argument, 4}), compiled::KernelError);
  EXPECT_THROW(machine.run("kernel", {1, 128, 0, &argument, sizeof(argument)}), compiled::KernelError);
}

}  // namespace
}  // namespace splice_cuda::testing

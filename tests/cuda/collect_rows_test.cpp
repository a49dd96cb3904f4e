// The rows that take part in a round, against a plain loop.

#include "cuda/kernel_problem.hpp"
#include "kernels/collect_rows.hpp"
#include "support/bell_stream.hpp"

namespace splice_cuda::testing {
namespace {

using CollectRows = WatchedKernels;

TEST_F(CollectRows, AgainstAPlainLoop) {
  for (const std::int64_t count : {1, 31, 1023, 1024, 1025, 2500, 65536, 65537, 140001}) {
    KernelRows rows(count, 1, 1, 1);
    BellStream stream(static_cast<std::uint64_t>(count));
    std::vector<std::int32_t> wanted;
    int unfinished = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto phase = static_cast<cuda::RowPhase>(stream.below(8));
      rows.phase[at(i)] = phase;
      const bool takes_part = phase == cuda::RowPhase::warm || phase == cuda::RowPhase::first_pass ||
                              phase == cuda::RowPhase::certifying || phase == cuda::RowPhase::refused;
      if (takes_part) wanted.push_back(static_cast<std::int32_t>(i));
      unfinished += phase != cuda::RowPhase::finished ? 1 : 0;
    }
    std::int32_t found_unfinished = -1;
    std::fill(rows.waiting_count.begin(), rows.waiting_count.end(), 77);
    device.launch<cuda::CollectRowsKernel>(1, {rows.view, rows.screen, &found_unfinished});
    ASSERT_EQ(rows.active_count[0], static_cast<std::int32_t>(wanted.size()));
    EXPECT_EQ(found_unfinished, unfinished);
    EXPECT_EQ(rows.waiting_count, std::vector<std::int32_t>(cuda::waiting_lists, 0));
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      ASSERT_EQ(rows.active[k], wanted[k]);
      ASSERT_EQ(rows.place[at(wanted[k])], static_cast<std::int32_t>(k));
    }
  }
}

TEST_F(CollectRows, BeforeAnythingIsScreenedOnlyRowsWithACode) {
  KernelRows rows(40, 64, 1, 1);
  for (std::size_t i = 0; i < 40; ++i) rows.phase[i] = static_cast<cuda::RowPhase>(i % 7);
  std::int32_t unfinished = -1;
  device.launch<cuda::CollectRowsKernel>(1, {rows.view, rows.screen, &unfinished, true});
  ASSERT_EQ(rows.active_count[0], 6);
  for (std::int32_t k = 0; k < 6; ++k) {
    EXPECT_EQ(rows.active[at(k)], 7 * k);
    EXPECT_EQ(rows.place[at(7 * k)], k);
  }
}

TEST_F(CollectRows, NoneLeft) {
  KernelRows rows(40, 64, 1, 1);
  std::fill(rows.phase.begin(), rows.phase.end(), cuda::RowPhase::finished);
  std::int32_t unfinished = -1;
  device.launch<cuda::CollectRowsKernel>(1, {rows.view, rows.screen, &unfinished});
  EXPECT_EQ(rows.active_count[0], 0);
  EXPECT_EQ(unfinished, 0);
}

}  // namespace
}  // namespace splice_cuda::testing

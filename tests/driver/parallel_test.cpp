#include "core/parallel.hpp"

#include <atomic>
#include <stdexcept>

#include <gtest/gtest.h>

#include "core/call_monitor.hpp"

namespace splice_cuda {
namespace {

TEST(Parallel, EveryWorkerRunsOnce) {
  std::atomic<int> sum{0};
  run_workers(5, [&](int worker) { sum += 1 << worker; });
  EXPECT_EQ(sum.load(), 31);
}

TEST(Parallel, AnExceptionReachesTheCallerAfterAllHaveStopped) {
  std::atomic<int> finished{0};
  EXPECT_THROW(run_workers(4,
                           [&](int worker) {
                             if (worker == 2) throw std::runtime_error("worker 2");
                             ++finished;
                           }),
               std::runtime_error);
  EXPECT_EQ(finished.load(), 3);
}

TEST(CallMonitor, CancelsInEveryWorkerOnceAsked) {
  ContextOptions options;
  int asked = 0;
  options.cancel = [&] { return ++asked == 3; };
  CallMonitor monitor(options, 10);
  monitor.advance(1);
  monitor.advance(1);
  EXPECT_THROW(monitor.advance(1), CancelledError);
  EXPECT_THROW(monitor.advance(1), CancelledError) << "the other workers stop as well";
}

TEST(CallMonitor, TellsRowsDoneOfAll) {
  ContextOptions options;
  std::int64_t done = 0;
  std::int64_t total = 0;
  options.progress = [&](std::int64_t d, std::int64_t t) {
    done = d;
    total = t;
  };
  CallMonitor monitor(options, 10);
  monitor.advance(4);
  monitor.advance(6);
  EXPECT_EQ(done, 10);
  EXPECT_EQ(total, 10);
}

}  // namespace
}  // namespace splice_cuda

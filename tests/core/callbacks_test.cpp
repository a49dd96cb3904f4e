// The caller's callbacks: cancel stops the call, progress counts up to the end, and no two run at once.

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "io/thrown_message.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

const SampleProblem& sample() {
  static const SampleProblem problem = sample_problem(120, 24, 700, 51);
  return problem;
}

/// Notices a second caller while one is inside.
class Alone {
 public:
  template <class Body>
  auto operator()(Body body) {
    if (inside_.fetch_add(1) != 0) met_ = true;
    std::this_thread::yield();  // gives a second caller its chance
    auto result = body();
    inside_.fetch_sub(1);
    return result;
  }
  bool met() const { return met_; }

 private:
  std::atomic<int> inside_{0};
  std::atomic<bool> met_{false};
};

class Callbacks : public ::testing::TestWithParam<std::tuple<SolverKind, int>> {
 protected:
  DecomposeOptions options() const {
    DecomposeOptions options;
    options.solve.solver = std::get<0>(GetParam());
    return options;
  }
  ContextOptions resources() const { return {.threads = std::get<1>(GetParam())}; }
  DecomposeResult solve(ContextOptions given) const {
    const Context context(Device::cpu(), std::move(given));
    return decompose(context, Dictionary(context, sample().atom_view()), sample().view(), options());
  }
};

TEST_P(Callbacks, ProgressGrowsToTheNumberOfRows) {
  Alone alone;
  std::vector<std::int64_t> told;
  ContextOptions given = resources();
  given.progress = [&](std::int64_t done, std::int64_t all) {
    alone([&] {
      EXPECT_EQ(all, 700);
      told.push_back(done);
      return 0;
    });
  };
  given.cancel = [&] { return alone([] { return false; }); };
  solve(std::move(given));
  ASSERT_GT(told.size(), 1u);
  EXPECT_GT(told.front(), 0);
  EXPECT_EQ(told.back(), 700);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end(), std::less_equal<>{})) << "each call tells of more rows";
  EXPECT_FALSE(alone.met());
}

/// One call a penalty or one for all: rows do not begin again.
TEST_P(Callbacks, ProgressOfAPathGrowsToTheNumberOfRows) {
  std::vector<std::int64_t> told;
  ContextOptions given = resources();
  given.progress = [&](std::int64_t done, std::int64_t all) {
    EXPECT_EQ(all, 700);
    told.push_back(done);
  };
  const Context context(Device::cpu(), std::move(given));
  const std::vector<float> penalties = {0.5f, 0.4f, 0.3f};
  decompose_path(context, Dictionary(context, sample().atom_view()), sample().view(), penalties, options());
  ASSERT_GT(told.size(), 1u);
  EXPECT_EQ(told.back(), 700);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end(), std::less_equal<>{})) << "each call tells of more rows";
}

TEST_P(Callbacks, CancelStopsTheCall) {
  std::int64_t reached = 0;
  ContextOptions given = resources();
  given.progress = [&](std::int64_t done, std::int64_t) { reached = done; };
  given.cancel = [&] { return reached > 0; };
  const std::string message = thrown_message<CancelledError>([&] { solve(given); });
  EXPECT_THAT(message, ::testing::HasSubstr("cancelled"));
  EXPECT_GT(reached, 0);
  EXPECT_LT(reached, 700) << "rows were solved on after the word to stop";
}

TEST_P(Callbacks, CancelBeforeAnyRowIsDone) {
  std::int64_t told = 0;
  ContextOptions given = resources();
  given.progress = [&](std::int64_t, std::int64_t) { ++told; };
  given.cancel = [] { return true; };
  thrown_message<CancelledError>([&] { solve(given); });
  EXPECT_EQ(told, 0);
}

/// A context whose call was stopped solves the next one as if nothing had been.
TEST_P(Callbacks, AContextSurvivesACancelledCall) {
  bool stop = true;
  ContextOptions given = resources();
  given.cancel = [&] { return stop; };
  const Context context(Device::cpu(), given);
  const Dictionary dictionary(context, sample().atom_view());
  EXPECT_THROW(decompose(context, dictionary, sample().view(), options()), CancelledError);
  stop = false;
  const DecomposeResult result = decompose(context, dictionary, sample().view(), options());
  EXPECT_EQ(result.codes.rows, 700);
  for (const RowReport& report : result.reports) ASSERT_EQ(report.status, RowStatus::certified);
}

TEST_P(Callbacks, AnEmptyBatchAsksAndTellsNothing) {
  int calls = 0;
  ContextOptions given = resources();
  given.progress = [&](std::int64_t, std::int64_t) { ++calls; };
  given.cancel = [&] { return ++calls > 0; };
  const Context context(Device::cpu(), given);
  const Dictionary dictionary(context, sample().atom_view());
  EXPECT_EQ(decompose(context, dictionary, sample().view().slice(0, 0), options()).codes.rows, 0);
  EXPECT_EQ(calls, 0);
}

/// Whose rows take so long that a tile of many would keep who asks to stop waiting.
TEST(CallbacksOfLongPaths, AreFewRowsApart) {
  std::int64_t done = 0;
  std::int64_t most = 0;
  ContextOptions given{.threads = 1};
  given.progress = [&](std::int64_t now, std::int64_t) {
    most = std::max(most, now - done);
    done = now;
  };
  const Context context(Device::cpu(), given);
  DecomposeOptions options;
  options.target_l0 = 100;
  decompose(context, Dictionary(context, sample().atom_view()), sample().view().slice(0, 100), options);
  EXPECT_EQ(done, 100);
  EXPECT_LE(most, 8);
}

INSTANTIATE_TEST_SUITE_P(, Callbacks, ::testing::Combine(all_solvers(), ::testing::Values(1, 2)),
                         [](const auto& parameters) {
                           return std::string(to_string(std::get<0>(parameters.param))) + "_threads_" +
                                  std::to_string(std::get<1>(parameters.param));
                         });

TEST(CallbacksOfCertify, ProgressAndCancel) {
  std::vector<std::int64_t> told;
  bool stop = false;
  ContextOptions given{.threads = 2};
  given.progress = [&](std::int64_t done, std::int64_t all) {
    EXPECT_EQ(all, 700);
    told.push_back(done);
  };
  given.cancel = [&] { return stop; };
  const Context context(Device::cpu(), given);
  const Dictionary dictionary(context, sample().atom_view());
  const DecomposeResult result = decompose(context, dictionary, sample().view());
  told.clear();
  certify(context, dictionary, sample().view(), result.codes);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), 700);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  stop = true;
  EXPECT_THROW(certify(context, dictionary, sample().view(), result.codes), CancelledError);
}

}  // namespace
}  // namespace splice_cuda::testing

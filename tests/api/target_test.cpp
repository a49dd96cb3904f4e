// target_l0 and target_cosine against the oracle's path; every row certified at its own penalty by brute force.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "support/agreement.hpp"
#include "support/bell_stream.hpp"
#include "support/sample_problem.hpp"
#include "support/target_agreement.hpp"
#include "support/test_device.hpp"

namespace splice_cuda::testing {
namespace {

struct Wanted {
  std::string name;
  std::int32_t l0 = 0;
  float cosine = 0;
};
void PrintTo(const Wanted& wanted, std::ostream* out) { *out << wanted.name; }

struct Shape {
  std::string name;
  bool nonnegative = true;
  bool weighted = false;
  bool banned = false;
};
void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

std::vector<float> penalties_of(const DecomposeResult& result) {
  std::vector<float> penalties;
  for (const RowReport& report : result.reports) penalties.push_back(static_cast<float>(report.l1_penalty));
  return penalties;
}

class Targets : public ::testing::TestWithParam<std::tuple<Shape, Wanted>> {
 protected:
  void SetUp() override {
    const auto& [shape, wanted] = GetParam();
    options.target_l0 = wanted.l0;
    options.target_cosine = wanted.cosine;
    options.nonnegative = shape.nonnegative;
    oracle.any_sign = !shape.nonnegative;
    oracle.weights.assign(static_cast<std::size_t>(sample.atoms), 1.0);
    BellStream stream(91);
    if (shape.weighted) {
      for (double& weight : oracle.weights) {
        weights.push_back(0.7f + 0.05f * static_cast<float>(stream.below(20)));
        weight = static_cast<double>(weights.back());
      }
      options.atom_weights = weights;
    }
    if (shape.banned) {
      for (std::int32_t j = 0; j < sample.atoms; j += 3) {
        banned.push_back(j);
        oracle.weights[static_cast<std::size_t>(j)] = std::numeric_limits<double>::infinity();
      }
      options.banned_atoms = banned;
    }
  }

  DecomposeResult solve() const { return decompose(context, dictionary, sample.view(), options); }

  SampleProblem sample = sample_problem(240, 40, 25, 72);
  Context context{test_device().device};
  Dictionary dictionary{context, sample.atom_view()};
  DecomposeOptions options;
  std::vector<float> weights;
  std::vector<std::int32_t> banned;
  splice_oracle::Problem oracle = oracle_problem(sample, 0.25);
};

TEST_P(Targets, AgreeWithTheOraclesPath) { EXPECT_EQ(targets_disagreement(oracle, sample, options, solve()), ""); }

TEST_P(Targets, BruteForceCertifiesEveryRowAtItsPenalty) {
  const DecomposeResult result = solve();
  const std::vector<float> penalties = penalties_of(result);
  DecomposeOptions given = options;
  given.l1_penalties = penalties;
  const std::vector<RowReport> brute = certify(context, dictionary, sample.view(), result.codes, given);
  for (std::size_t i = 0; i < brute.size(); ++i) {
    EXPECT_EQ(brute[i].status, RowStatus::certified);
    EXPECT_EQ(brute[i].l1_penalty, result.reports[i].l1_penalty);
    EXPECT_NEAR(brute[i].primal, result.reports[i].primal, 1e-12);
    EXPECT_LE(brute[i].gap, result.reports[i].gap + 1e-12);
  }
}

/// A plain call with these penalties gives the same answers (within their gaps).
TEST_P(Targets, AreSolutionsOfThePlainProblemAtTheirPenalties) {
  const DecomposeResult found = solve();
  const std::vector<float> penalties = penalties_of(found);
  DecomposeOptions plain = options;
  plain.target_l0 = 0;
  plain.target_cosine = 0;
  plain.l1_penalties = penalties;
  const DecomposeResult again = decompose(context, dictionary, sample.view(), plain);
  for (std::size_t i = 0; i < penalties.size(); ++i) {
    EXPECT_EQ(again.reports[i].l1_penalty, found.reports[i].l1_penalty);
    EXPECT_LE(std::abs(again.reports[i].primal - found.reports[i].primal),
              std::max(again.reports[i].gap, found.reports[i].gap) + 1e-12);
  }
}

/// At a slightly smaller penalty there are more atoms; at a slightly larger one the cosine is not reached yet.
TEST_P(Targets, AreTight) {
  const DecomposeResult found = solve();
  int tested = 0;
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    const std::vector<double> z = oracle_row(sample, i);
    const double penalty = found.reports[static_cast<std::size_t>(i)].l1_penalty / 2;
    const auto knots = splice_oracle::path(oracle, z, 1e-3 * penalty);
    if (penalty < 1.1e-3 * knots.front().penalty) continue;  // the floor
    ++tested;
    if (options.target_l0 > 0) {
      const std::vector<double> w = splice_oracle::at_penalty(knots, penalty * (1 - 1e-6));
      EXPECT_GT(std::count_if(w.begin(), w.end(), [](double weight) { return weight != 0; }), options.target_l0);
    } else {
      const std::vector<double> w = splice_oracle::at_penalty(knots, penalty * (1 + 1e-5));
      EXPECT_LT(splice_oracle::cosine_of(oracle, z, w), static_cast<double>(options.target_cosine));
    }
  }
  EXPECT_GT(tested, 12);
}

INSTANTIATE_TEST_SUITE_P(
    , Targets,
    ::testing::Combine(::testing::Values(Shape{.name = "Plain"}, Shape{.name = "EitherSign", .nonnegative = false},
                                         Shape{.name = "Weighted", .weighted = true}, Shape{.name = "Banned", .banned = true},
                                         Shape{.name = "Everything", .nonnegative = false, .weighted = true, .banned = true}),
                       ::testing::Values(Wanted{"L0Of1", 1, 0}, Wanted{"L0Of3", 3, 0}, Wanted{"L0Of10", 10, 0},
                                         Wanted{"L0Of25", 25, 0}, Wanted{"CosineOf0_3", 0, 0.3f}, Wanted{"CosineOf0_85", 0, 0.85f},
                                         Wanted{"CosineOf0_95", 0, 0.95f}, Wanted{"CosineOf0_99", 0, 0.99f})),
    [](const auto& parameters) { return std::get<0>(parameters.param).name + "_" + std::get<1>(parameters.param).name; });

}  // namespace
}  // namespace splice_cuda::testing

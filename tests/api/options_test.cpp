// Options that change the problem, alone and together, against the oracle: sign, weights, bans, a penalty a row.

#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "support/agreement.hpp"
#include "support/bell_stream.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

/// What a case sets. Spans of DecomposeOptions refer to the vectors here.
struct Wanted {
  std::string name;
  bool nonnegative = true;
  bool weighted = false;
  bool banned = false;
  bool penalty_a_row = false;
  bool duplicates = false;
};

void PrintTo(const Wanted& wanted, std::ostream* out) { *out << wanted.name; }

std::vector<Wanted> cases() {
  return {
      {.name = "Plain"},
      {.name = "EitherSign", .nonnegative = false},
      {.name = "Weighted", .weighted = true},
      {.name = "Banned", .banned = true},
      {.name = "PenaltyARow", .penalty_a_row = true},
      {.name = "WeightedAndBanned", .weighted = true, .banned = true},
      {.name = "EitherSignWeighted", .nonnegative = false, .weighted = true},
      {.name = "EitherSignBannedPenaltyARow", .nonnegative = false, .banned = true, .penalty_a_row = true},
      {.name = "WeightedDuplicates", .weighted = true, .duplicates = true},
      {.name = "Everything", .nonnegative = false, .weighted = true, .banned = true, .penalty_a_row = true, .duplicates = true},
  };
}

class ProblemOptions : public ::testing::TestWithParam<std::tuple<SolverKind, Wanted>> {
 protected:
  void SetUp() override {
    const Wanted& wanted = std::get<1>(GetParam());
    BellStream stream(71);
    options.solve.solver = std::get<0>(GetParam());
    options.solve.max_rounds = 2000;
    options.l1_penalty = 0.2f;
    options.nonnegative = wanted.nonnegative;
    oracle = oracle_problem(sample, static_cast<double>(0.2f));
    if (wanted.duplicates) repeat_atoms();
    oracle.any_sign = !wanted.nonnegative;
    oracle.weights.assign(static_cast<std::size_t>(sample.atoms), 1.0);
    if (wanted.weighted) {
      // No powers of two: the reciprocals are not exact.
      for (double& weight : oracle.weights) {
        weights.push_back(0.3f + 0.1f * static_cast<float>(stream.below(20)));
        weight = static_cast<double>(weights.back());
      }
      options.atom_weights = weights;
    }
    if (wanted.banned) {
      for (std::int32_t j = 0; j < sample.atoms; j += 3) {
        banned.push_back(j);
        oracle.weights[static_cast<std::size_t>(j)] = std::numeric_limits<double>::infinity();
      }
      options.banned_atoms = banned;
    }
    if (wanted.penalty_a_row) {
      for (std::int64_t i = 0; i < sample.rows; ++i) penalties.push_back(0.05f + 0.02f * static_cast<float>(i));
      options.l1_penalties = penalties;
    }
  }

  /// The second half of the atoms equals the first.
  void repeat_atoms() {
    const std::size_t half = sample.dictionary.size() / 2;
    for (std::size_t i = 0; i < half; ++i) sample.dictionary[half + i] = sample.dictionary[i];
    oracle.dictionary.assign(sample.dictionary.begin(), sample.dictionary.end());
  }

  void set_row(std::int64_t i) {
    if (!penalties.empty()) oracle.penalty = static_cast<double>(penalties[static_cast<std::size_t>(i)]) / 2;
  }

  SampleProblem sample = sample_problem(240, 40, test_rows(25), 72);
  Context context{test_device().device};
  DecomposeOptions options;
  std::vector<float> weights, penalties;
  std::vector<std::int32_t> banned;
  splice_oracle::Problem oracle;
};

TEST_P(ProblemOptions, AgreeWithTheOracle) {
  const DecomposeResult result = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options);
  ASSERT_EQ(malformed(result.codes), "");
  EXPECT_GT(result.codes.nnz(), sample.rows);
  bool negative = false;
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    set_row(i);
    const RowReport& report = result.reports[static_cast<std::size_t>(i)];
    ASSERT_EQ(report.status, RowStatus::certified) << "row " << i << ", gap " << report.gap;
    const std::vector<double> z = oracle_row(sample, i);
    const std::vector<double> w = dense_row(result.codes, i);
    for (const double weight : w) negative = negative || weight < 0;
    ASSERT_EQ(row_disagreement(oracle, z, splice_oracle::solve(oracle, z, 1e-10), w, report), "") << "row " << i;
  }
  EXPECT_EQ(negative, oracle.any_sign) << "an option that changed nothing";
}

/// The report of brute force is that of the same problem, options and all; a solver's may only be more careful.
TEST_P(ProblemOptions, BruteForceAgreesWithTheReports) {
  const Dictionary dictionary(context, sample.atom_view());
  const DecomposeResult result = decompose(context, dictionary, sample.view(), options);
  const std::vector<RowReport> reports = certify(context, dictionary, sample.view(), result.codes, options);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].status, RowStatus::certified);
    EXPECT_EQ(reports[i].l1_penalty, static_cast<double>(penalties.empty() ? options.l1_penalty : penalties[i]));
    EXPECT_EQ(reports[i].l1_penalty, result.reports[i].l1_penalty);
    EXPECT_NEAR(reports[i].primal, result.reports[i].primal, 1e-12);
    EXPECT_LE(reports[i].gap, result.reports[i].gap + 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(, ProblemOptions, ::testing::Combine(all_solvers(), ::testing::ValuesIn(cases())),
                         [](const auto& parameters) {
                           return std::string(to_string(std::get<0>(parameters.param))) + "_" + std::get<1>(parameters.param).name;
                         });

class OptionsAtTheEdge : public EachSolver {
 protected:
  Context context{test_device().device};
  SampleProblem sample = sample_problem(50, 20, 6, 73);
};

TEST_P(OptionsAtTheEdge, AllAtomsBannedGivesEmptyCertifiedCodes) {
  std::vector<std::int32_t> banned;
  for (std::int32_t j = 0; j < sample.atoms; ++j) banned.push_back(j);
  DecomposeOptions wanted = options();
  wanted.banned_atoms = banned;
  const Dictionary dictionary(context, sample.atom_view());
  const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
  EXPECT_EQ(result.codes.nnz(), 0);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified);
  const std::vector<float> infinite(50, std::numeric_limits<float>::infinity());
  DecomposeOptions weighted = options();
  weighted.atom_weights = infinite;
  EXPECT_EQ(difference(result, decompose(context, dictionary, sample.view(), weighted)), "");
}

/// Weights of all sizes that a float has room for: the answer is that of the oracle, or the row says that it is not.
TEST_P(OptionsAtTheEdge, WeightsOfManyMagnitudes) {
  std::vector<float> weights;
  splice_oracle::Problem oracle = oracle_problem(sample, 0.25);
  for (std::int32_t j = 0; j < sample.atoms; ++j) {
    weights.push_back(j % 5 == 0 ? 1e30f : j % 5 == 1 ? 1e4f : j % 5 == 2 ? 1.7f : 0.6f);
    oracle.weights.push_back(static_cast<double>(weights.back()));
  }
  DecomposeOptions wanted = options();
  wanted.atom_weights = weights;
  const DecomposeResult result = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), wanted);
  EXPECT_GT(result.codes.nnz(), 0);
  EXPECT_EQ(result_disagreement(oracle, sample, result), "");
}

TEST_P(OptionsAtTheEdge, OneAtomOneNumberOneRow) {
  const float atom = 2;
  const float z = 3;
  const Dictionary dictionary(context, MatrixView<const float>{&atom, 1, 1});
  const DecomposeResult result = decompose(context, dictionary, MatrixView<const float>{&z, 1, 1}, options(1));
  ASSERT_EQ(result.codes.nnz(), 1);
  EXPECT_NEAR(result.codes.values[0], (2.0 * 3.0 - 0.5) / 4.0, 1e-6);  // (c z - l1_penalty / 2) / c^2
  EXPECT_EQ(result.reports[0].status, RowStatus::certified);
  const float against = -3;
  EXPECT_EQ(decompose(context, dictionary, MatrixView<const float>{&against, 1, 1}, options(1)).codes.nnz(), 0);
}

SPLICE_EACH_SOLVER(OptionsAtTheEdge);

}  // namespace
}  // namespace splice_cuda::testing

// Rows of the working-set solver on the CPU for which hundreds of atoms are above lambda at first: they are solved among the
// best of these, and a pass at the residual of that lists the others before one certifies.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/agreement.hpp"
#include "support/half_atoms.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

/// More atoms above lambda than the first small problems have room for (768: largest_whole_list in
/// src/cpu/working_set_row.cpp), whatever rounding does ...
constexpr std::int64_t many = 900;
/// ... and as many as they have.
constexpr std::int64_t few = 700;

/// At the smallest, Gram matrices are those of the atoms themselves in place of their int8 copies.
constexpr float penalties[] = {0.4f, 0.1f, 0.02f};
/// At this one, few atoms are above lambda.
constexpr float high_penalty = 2.0f;

class Refining : public ::testing::Test {
 protected:
  static SampleProblem some_rows(std::int64_t rows) { return sample_problem(6000, 64, rows, 401); }

  static DecomposeOptions options(float l1_penalty, bool nonnegative = true) {
    DecomposeOptions wanted{.l1_penalty = l1_penalty};
    wanted.nonnegative = nonnegative;
    return wanted;
  }

  /// Atoms that the empty code has above lambda.
  static std::int64_t candidates(const SampleProblem& sample, std::int64_t row, double l1_penalty, bool nonnegative) {
    std::int64_t count = 0;
    for (std::int64_t j = 0; j < sample.atoms; ++j) {
      double product = 0;
      for (std::int64_t k = 0; k < sample.dim; ++k) {
        product += static_cast<double>(sample.atom_view().row(j)[k]) * static_cast<double>(sample.view().row(row)[k]);
      }
      count += (nonnegative ? product : std::abs(product)) > l1_penalty / 2;
    }
    return count;
  }

  /// A row without the pass takes two: it is listed and certified.
  static void expect_refined(const SampleProblem& sample, const DecomposeResult& result, bool nonnegative = true) {
    for (std::int64_t i = 0; i < sample.rows; ++i) {
      const RowReport& report = result.reports[static_cast<std::size_t>(i)];
      EXPECT_EQ(report.status, RowStatus::certified);
      EXPECT_GT(candidates(sample, i, report.l1_penalty, nonnegative), many) << "row " << i << " is not what it should be";
      EXPECT_GE(report.rounds, 3) << "row " << i << " was not refined";
    }
  }

  Context context;
};

TEST_F(Refining, RowsAreAsTheOracleHasThem) {
  const SampleProblem sample = some_rows(2);
  const Dictionary dictionary(context, sample.atom_view());
  for (const bool nonnegative : {true, false}) {
    const DecomposeResult result = decompose(context, dictionary, sample.view(), options(penalties[0], nonnegative));
    expect_refined(sample, result, nonnegative);
    splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(penalties[0]));
    problem.any_sign = !nonnegative;
    EXPECT_EQ(result_disagreement(problem, sample, result), "") << (nonnegative ? "" : "either sign");
  }
}

// At small penalties the oracle takes its time to solve, not to say how good an answer is.
TEST_F(Refining, RowsAreAsGoodAsTheirReportsSay) {
  const SampleProblem sample = some_rows(8);
  const Dictionary dictionary(context, sample.atom_view());
  for (const bool nonnegative : {true, false}) {
    for (const float penalty : penalties) {
      SCOPED_TRACE(::testing::Message() << "penalty " << penalty << (nonnegative ? "" : ", either sign"));
      const DecomposeOptions wanted = options(penalty, nonnegative);
      const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
      expect_refined(sample, result, nonnegative);
      splice_oracle::Problem problem = oracle_problem(sample, static_cast<double>(penalty));
      problem.any_sign = !nonnegative;
      for (std::int64_t i = 0; i < sample.rows; ++i) {
        const std::vector<double> z = oracle_row(sample, i);
        const std::vector<double> w = dense_row(result.codes, i);
        const splice_oracle::Solution mine = splice_oracle::evaluate(problem, z, w);
        double half_square = 0;
        for (const double value : z) half_square += value * value / 2;
        const RowReport& report = result.reports[static_cast<std::size_t>(i)];
        EXPECT_NEAR(report.primal, mine.primal, 1e-9 * half_square);
        EXPECT_LE(mine.gap, wanted.solve.gap_tolerance * half_square);
        EXPECT_LE(mine.gap, report.gap + 1e-9 * half_square);
        EXPECT_TRUE(!nonnegative || std::none_of(w.begin(), w.end(), [](double value) { return value < 0; }));
      }
    }
  }
}

// What a third pass is a sign of: rows that have room for all their candidates are certified in the second one.
TEST_F(Refining, RowsOfFewCandidatesNeedTwoPasses) {
  const SampleProblem sample = some_rows(8);
  const Dictionary dictionary(context, sample.atom_view());
  const DecomposeResult result = decompose(context, dictionary, sample.view(), options(high_penalty));
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    EXPECT_LT(candidates(sample, i, static_cast<double>(high_penalty), true), few);
    EXPECT_GT(result.codes.l0(i), 0);
    EXPECT_EQ(result.reports[static_cast<std::size_t>(i)].status, RowStatus::certified);
    EXPECT_EQ(result.reports[static_cast<std::size_t>(i)].rounds, 2);
  }
}

/// Rows that are refined among others that are not: more than are solved side by side, so that they meet in every phase.
TEST_F(Refining, BitByBitTheSameAloneInAnyBatchAndOnAnyThreads) {
  const SampleProblem sample = some_rows(70);
  const Dictionary dictionary(context, sample.atom_view());
  std::vector<float> each;
  for (std::size_t i = 0; i < 70; ++i) each.push_back(i % 4 == 3 ? high_penalty : penalties[i % 4]);
  std::vector<float> reversed;
  for (std::int64_t i = sample.rows; i-- > 0;) {
    reversed.insert(reversed.end(), sample.view().row(i), sample.view().row(i) + sample.dim);
  }
  const std::vector<float> each_reversed(each.rbegin(), each.rend());
  for (const bool nonnegative : {true, false}) {
    const auto solve = [&](MatrixView<const float> rows, std::span<const float> l1_penalties, int threads) {
      const Context resources(Device::cpu(), {.threads = threads});
      DecomposeOptions wanted = options(0, nonnegative);
      wanted.l1_penalties = l1_penalties;
      return decompose(resources, Dictionary(resources, sample.atom_view()), rows, wanted);
    };
    const DecomposeResult whole = solve(sample.view(), each, 1);
    std::int64_t refined = 0;
    for (const RowReport& report : whole.reports) refined += report.rounds >= 3;
    EXPECT_GE(refined, 53) << "three in four should be";
    for (const int threads : {2, 3, 7}) EXPECT_EQ(difference(whole, solve(sample.view(), each, threads)), "");
    const DecomposeResult backward = solve({reversed.data(), sample.rows, sample.dim}, each_reversed, 2);
    for (std::int64_t i = 0; i < sample.rows; ++i) EXPECT_EQ(row_difference(whole, i, backward, sample.rows - 1 - i), "");
    for (const std::int64_t i : {0, 1, 2, 3, 33, 69}) {
      const DecomposeResult alone = solve(sample.view().slice(i, 1), {&each[static_cast<std::size_t>(i)], 1}, 1);
      EXPECT_EQ(row_difference(whole, i, alone, 0), "");
    }
  }
}

template <class T>
void check_half_atoms(const Context& context, SampleProblem sample, const DecomposeOptions& wanted) {
  const std::vector<T> half = all_rounded_to<T>(sample.dictionary);
  sample.dictionary = widened(half);
  const Dictionary narrow(context, MatrixView<const T>{half.data(), sample.atoms, sample.dim});
  const DecomposeResult result = decompose(context, narrow, sample.view(), wanted);
  EXPECT_EQ(difference(result, decompose(context, Dictionary(context, sample.atom_view()), sample.view(), wanted)), "");
  for (const RowReport& report : result.reports) {
    EXPECT_EQ(report.status, RowStatus::certified);
    EXPECT_GE(report.rounds, 3);
  }
}

TEST_F(Refining, AtomsOf16BitsActAsTheirCopiesInFloat32) {
  for (const float penalty : penalties) {
    check_half_atoms<Float16>(context, some_rows(4), options(penalty));
    check_half_atoms<BFloat16>(context, some_rows(4), options(penalty, false));
  }
}

/// Budgets that end before the pass, with it, and with the first round that may certify.
TEST_F(Refining, RowsThatRunOutOfRoundsHaveTrueReports) {
  const SampleProblem sample = some_rows(8);
  const Dictionary dictionary(context, sample.atom_view());
  for (const bool nonnegative : {true, false}) {
    for (const float penalty : penalties) {
      double last = 0;
      for (const std::int32_t rounds : {1, 2, 3}) {
        SCOPED_TRACE(::testing::Message() << rounds << " rounds at " << penalty << (nonnegative ? "" : ", either sign"));
        DecomposeOptions wanted = options(penalty, nonnegative);
        wanted.solve.max_rounds = rounds;
        const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
        EXPECT_EQ(malformed(result.codes), "");
        const std::vector<RowReport> exact = certify(context, dictionary, sample.view(), result.codes, wanted);
        double sum = 0;
        for (std::size_t i = 0; i < exact.size(); ++i) {
          const RowReport& report = result.reports[i];
          EXPECT_TRUE(report.status == RowStatus::certified || report.status == RowStatus::budget_exhausted);
          EXPECT_EQ(report.status, exact[i].status);
          EXPECT_EQ(report.rounds, rounds);
          EXPECT_NEAR(report.primal, exact[i].primal, 1e-12);
          if (report.status == RowStatus::budget_exhausted) {
            EXPECT_NEAR(report.gap, exact[i].gap, 1e-12);
            EXPECT_NEAR(report.kkt_violation, exact[i].kkt_violation, 1e-12);
          }
          EXPECT_GE(report.gap, exact[i].gap - 1e-12);
          EXPECT_GE(report.kkt_violation, exact[i].kkt_violation - 1e-12);
          sum += report.primal;
          EXPECT_TRUE(rounds > 1 || report.status == RowStatus::budget_exhausted) << "the best of them sufficed";
        }
        EXPECT_TRUE(rounds == 1 || sum < last) << "the round was of no use: " << sum << " after " << last;
        last = sum;
      }
    }
  }
}

}  // namespace
}  // namespace splice_cuda::testing

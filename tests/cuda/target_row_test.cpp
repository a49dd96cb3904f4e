// Rows that find their own penalty, one kernel by itself: watched, with few candidates, and where paths are degenerate.

#include <algorithm>
#include <cmath>

#include "cuda/target_scratch.hpp"
#include "support/target_agreement.hpp"

namespace splice_cuda::testing {
namespace {

constexpr PathTarget l0_of(std::int32_t l0) { return {l0, 0}; }
constexpr PathTarget cosine_of(double cosine) { return {0, cosine}; }

DecomposeOptions with_target(const PathTarget& target, bool nonnegative = true) {
  DecomposeOptions options;
  options.target_l0 = target.l0;
  options.target_cosine = static_cast<float>(target.cosine);
  options.nonnegative = nonnegative;
  return options;
}

/// All rows of a problem, solved by the kernel alone.
class TargetRows {
 public:
  TargetRows(SampleProblem sample, PathTarget target, bool nonnegative, CandidateCounts counts = {})
      : problem(std::move(sample), with_target(target, nonnegative)),
        rows(problem.sample.rows, problem.atoms.ld, 64, 1),
        scratch_(problem, rows, problem.problem.target, counts) {}

  void solve(emulation::EmulatedDevice& device) {
    rows.load(device, problem);
    scratch_.args.problem = problem.view;
    device.launch<cuda::TargetRowKernel>(rows.view.count, scratch_.args, 1);
  }

  float penalty(std::int64_t row) const { return scratch_.penalties[at(row)]; }
  /// In the row's own units.
  std::vector<double> weights(std::int64_t row) const {
    std::vector<double> w(at(problem.atoms.size));
    for (std::int64_t i = 0; i < rows.code_count[at(row)]; ++i) {
      const std::size_t from = at(row * rows.view.code_capacity + i);
      w[at(rows.code_atoms[from])] = std::ldexp(static_cast<double>(rows.code_weights[from]), -rows.exponent[at(row)]);
    }
    return w;
  }
  /// "" where every row is where the oracle's path meets the target, and certified there.
  std::string disagreement() const {
    splice_oracle::Problem oracle = oracle_problem(problem.sample, 1);
    oracle.any_sign = !problem.view.nonnegative;
    for (std::int64_t i = 0; i < rows.view.count; ++i) {
      const std::vector<double> z = oracle_row(problem.sample, i);
      splice_oracle::Problem there = oracle;
      there.penalty = static_cast<double>(penalty(i)) / 2;
      RowReport report;
      report.status = RowStatus::certified;
      report.gap = splice_oracle::evaluate(there, z, weights(i)).gap;
      report.l1_penalty = static_cast<double>(penalty(i));
      const DecomposeOptions options = with_target(problem.problem.target, problem.view.nonnegative);
      const std::string wrong = target_disagreement(oracle, z, options, weights(i), report);
      if (!wrong.empty()) return "row " + std::to_string(i) + ": " + wrong;
    }
    return {};
  }
  /// "" where every row is solved at its penalty and meets its target there, whichever path has led there.
  std::string shortcoming() const {
    splice_oracle::Problem oracle = oracle_problem(problem.sample, 1);
    oracle.any_sign = !problem.view.nonnegative;
    for (std::int64_t i = 0; i < rows.view.count; ++i) {
      const std::string row = "row " + std::to_string(i) + ": ";
      const std::vector<double> z = oracle_row(problem.sample, i);
      oracle.penalty = static_cast<double>(penalty(i)) / 2;
      const double square = std::inner_product(z.begin(), z.end(), z.begin(), 0.0);
      const double gap = splice_oracle::evaluate(oracle, z, weights(i)).gap;
      if (!(gap <= 1e-6 * square / 2)) return row + "gap " + std::to_string(gap);
      const PathTarget& target = problem.problem.target;
      if (target.l0 > 0 && rows.code_count[at(i)] > target.l0) return row + "too many atoms";
      if (target.cosine > 0 && splice_oracle::cosine_of(oracle, z, weights(i)) < target.cosine - 1e-14) return row + "cosine";
    }
    return {};
  }
  std::int32_t most_rounds() const { return *std::max_element(rows.rounds.begin(), rows.rounds.end()); }

  KernelProblem problem;
  KernelRows rows;

 private:
  TargetScratch scratch_;
};

class TargetRowsOnDevice : public WatchedKernels {};

TEST_F(TargetRowsOnDevice, AmongAllAtoms) {
  for (const bool nonnegative : {true, false}) {
    for (const PathTarget target : {l0_of(1), l0_of(7), cosine_of(0.5), cosine_of(0.97)}) {
      TargetRows rows(sample_problem(70, 20, 2, 3), target, nonnegative);
      rows.solve(device);
      EXPECT_EQ(rows.disagreement(), "");
      for (std::int64_t i = 0; i < 2; ++i) {
        EXPECT_EQ(rows.rows.phase[at(i)], cuda::RowPhase::claims_exactly);
        EXPECT_EQ(rows.rows.rounds[at(i)], 1);
        EXPECT_GE(rows.rows.iterations[at(i)], rows.rows.code_count[at(i)]);
        EXPECT_EQ(rows.rows.lambda[at(i)], std::ldexp(static_cast<double>(rows.penalty(i)) / 2, rows.rows.exponent[at(i)]));
      }
    }
  }
}

/// Those that the first candidates leave out come in where the path ends, a few at a time.
TEST_F(TargetRowsOnDevice, CandidatesThatJoinLater) {
  for (const bool nonnegative : {true, false}) {
    for (const PathTarget target : {l0_of(12), cosine_of(0.98)}) {
      TargetRows rows(sample_problem(200, 20, 2, 5), target, nonnegative, {12, 200, 5});
      rows.solve(device);
      EXPECT_EQ(rows.shortcoming(), "");
      EXPECT_GE(rows.most_rounds(), 3);
    }
  }
}

/// Rounds or places that are spent leave a code that meets the target at its penalty among the candidates.
TEST_F(TargetRowsOnDevice, WithoutRoomForWhatViolates) {
  TargetRows free(sample_problem(200, 20, 1, 5), l0_of(12), true, {12, 200, 5});
  free.solve(device);
  for (const bool by_rounds : {true, false}) {
    TargetRows rows(sample_problem(200, 20, 1, 5), l0_of(12), true, {12, by_rounds ? 200 : 12, 5});
    if (by_rounds) rows.problem.view.max_rounds = 1;
    rows.solve(device);
    EXPECT_LE(rows.most_rounds(), by_rounds ? 1 : 2);
    EXPECT_EQ(rows.rows.phase[0], cuda::RowPhase::claims_exactly);
    EXPECT_GT(rows.rows.code_count[0], 0);
    EXPECT_LE(rows.rows.code_count[0], 12);
    EXPECT_LT(rows.penalty(0), free.penalty(0));
  }
}

TEST_F(TargetRowsOnDevice, TheOrderOfLanesIsNotSeen) {
  for (const PathTarget target : {l0_of(9), cosine_of(0.95)}) {
    const auto solved = [&](emulation::LaneOrder order) {
      emulation::settings().order = order;
      auto rows = std::make_unique<TargetRows>(sample_problem(150, 20, 2, 7), target, false, CandidateCounts{30, 150, 6});
      rows->solve(device);
      return rows;
    };
    const auto up = solved(emulation::LaneOrder::ascending);
    const auto down = solved(emulation::LaneOrder::descending);
    for (std::int64_t i = 0; i < 2; ++i) {
      EXPECT_EQ(up->penalty(i), down->penalty(i));
      EXPECT_EQ(up->weights(i), down->weights(i));
      EXPECT_EQ(up->rows.iterations[at(i)], down->rows.iterations[at(i)]);
    }
  }
}

/// Pairs that differ by rounding: one takes the place of the other, or stays out.
TEST_F(TargetRowsOnDevice, DependentAtoms) {
  SampleProblem sample = sample_problem(40, 24, 1, 5);
  for (std::size_t k = 0; k < 20 * 24; ++k) {
    const float value = sample.dictionary[k];
    sample.dictionary[20 * 24 + k] = k % 24 == 0 ? std::nextafter(value, 2.0f) : value;
  }
  for (const bool nonnegative : {true, false}) {
    for (const PathTarget target : {l0_of(12), cosine_of(0.8)}) {
      TargetRows rows(sample, target, nonnegative);
      rows.solve(device);
      EXPECT_EQ(rows.shortcoming(), "");
    }
  }
}

/// More atoms than dimensions can be told apart by; the target is never met.
TEST_F(TargetRowsOnDevice, AtomsOfAPlane) {
  SampleProblem sample = sample_problem(30, 8, 1, 6);
  for (std::size_t j = 0; j < 30; ++j) std::fill_n(sample.dictionary.begin() + static_cast<std::ptrdiff_t>(j * 8 + 3), 5, 0.0f);
  for (const bool nonnegative : {true, false}) {
    for (const PathTarget target : {l0_of(5), cosine_of(0.9999)}) {
      TargetRows rows(sample, target, nonnegative);
      rows.solve(device);
      EXPECT_EQ(rows.disagreement(), "");
      EXPECT_LE(rows.rows.code_count[0], 3);
    }
  }
}

TEST_F(TargetRowsOnDevice, RowsWithoutACode) {
  SampleProblem sample{.atoms = 2, .dim = 2, .rows = 3, .dictionary = {1, 0, 0, 1}, .embeddings = {-1, -2, 0, 0, NAN, 1}};
  for (const CandidateCounts counts : {CandidateCounts{}, CandidateCounts{1, 2, 1}}) {
    TargetRows rows(sample, l0_of(1), true, counts);
    rows.solve(device);
    EXPECT_EQ(rows.rows.code_count, (std::vector<std::int32_t>{0, 0, 0}));
    EXPECT_GT(rows.penalty(0), 0);
    EXPECT_EQ(rows.penalty(1), 1);
    EXPECT_EQ(rows.penalty(2), 1);
    EXPECT_EQ(rows.rows.phase[0], cuda::RowPhase::claims_exactly);
    EXPECT_EQ(rows.rows.phase[1], cuda::RowPhase::finished);
    EXPECT_EQ(rows.rows.phase[2], cuda::RowPhase::finished);
  }
}

}  // namespace
}  // namespace splice_cuda::testing

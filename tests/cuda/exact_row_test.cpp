// The fp64 fallback and refits.

#include <cmath>

#include "cuda/exact_scratch.hpp"
#include "oracle/lasso_oracle.hpp"
#include "support/bell_stream.hpp"

namespace splice_cuda::testing {
namespace {

/// One row of a problem with its code, in the form of the oracle.
class OneRow {
 public:
  OneRow(SampleProblem sample, float penalty, bool nonnegative, int code_capacity)
      : problem(std::move(sample), options(penalty, nonnegative)), rows(1, problem.atoms.ld, code_capacity, 1) {}

  void solve(emulation::EmulatedDevice& device, int capacity, const std::vector<std::int32_t>& start = {}) {
    begin(device, start);
    rows.phase[0] = cuda::RowPhase::exact;
    ExactMemory memory(problem, rows, capacity);
    device.launch<cuda::ExactRowKernel>(1, memory.args, 1);
    EXPECT_EQ(rows.phase[0], cuda::RowPhase::claims_exactly);
  }
  void refit(emulation::EmulatedDevice& device, int capacity, const std::vector<std::int32_t>& atoms) {
    begin(device, atoms);
    ExactMemory memory(problem, rows, capacity);
    device.launch<cuda::RefitKernel>(1, memory.args, 1);
  }

  /// In the row's own units.
  std::vector<double> weights() const {
    std::vector<double> w(at(problem.atoms.size));
    for (int i = 0; i < rows.code_count[0]; ++i) {
      w[at(rows.code_atoms[at(i)])] = std::ldexp(static_cast<double>(rows.code_weights[at(i)]), -rows.exponent[0]);
    }
    return w;
  }
  /// The gap over 1/2 |z|^2.
  double relative_gap() const {
    const std::vector<double> z = oracle_row(problem.sample, 0);
    double square = 0;
    for (const double value : z) square += value * value;
    splice_oracle::Problem oracle = oracle_problem(problem.sample, static_cast<double>(problem.problem.l1_penalty));
    oracle.any_sign = !problem.view.nonnegative;
    return splice_oracle::evaluate(oracle, z, weights()).gap / (0.5 * square);
  }

  KernelProblem problem;
  KernelRows rows;

 private:
  static DecomposeOptions options(float penalty, bool nonnegative) {
    DecomposeOptions wanted;
    wanted.l1_penalty = penalty;
    wanted.nonnegative = nonnegative;
    return wanted;
  }
  void begin(emulation::EmulatedDevice& device, const std::vector<std::int32_t>& atoms) {
    rows.load(device, problem);
    rows.set_code(0, atoms, std::vector<float>(atoms.size(), 0.1f));
  }
};

class ExactRow : public WatchedKernels {};

TEST_F(ExactRow, EitherSignAndAnyStart) {
  for (const bool nonnegative : {true, false}) {
    for (const std::vector<std::int32_t>& start : {std::vector<std::int32_t>{}, {3, 17, 40, 41, 59}}) {
      OneRow row(sample_problem(60, 24, 1, 3), 0.05f, nonnegative, 32);
      row.solve(device, 96, start);
      EXPECT_GT(row.rows.code_count[0], 5);
      EXPECT_LE(row.relative_gap(), 1e-7);  // of weights rounded to float32
      EXPECT_GE(row.rows.rounds[0], 1);
      EXPECT_GE(row.rows.iterations[0], 5);
      // The comparator: one weight too large is noticed.
      row.rows.code_weights[0] *= 1.01f;
      EXPECT_GT(row.relative_gap(), 1e-7);
    }
  }
}

TEST_F(ExactRow, TinyPenalties) {
  for (const float penalty : {1e-6f, 1e-20f, 1e-37f}) {
    OneRow row(sample_problem(30, 16, 1, 4), penalty, true, 32);
    row.solve(device, 64);
    const splice_oracle::Problem oracle = oracle_problem(row.problem.sample, 0.0);
    const std::vector<double> z = oracle_row(row.problem.sample, 0);
    std::vector<std::size_t> all(30);
    std::iota(all.begin(), all.end(), 0u);
    const double least = splice_oracle::evaluate(oracle, z, splice_oracle::least_squares(oracle, z, all)).primal;
    EXPECT_LE(splice_oracle::evaluate(oracle, z, row.weights()).primal, least + 1e-7);
  }
}

TEST_F(ExactRow, NearDuplicateAtoms) {
  SampleProblem sample = sample_problem(40, 24, 1, 5);
  BellStream stream(6);
  for (std::size_t copy = 20; copy < 40; ++copy) {
    for (std::size_t k = 0; k < 24; ++k) {
      sample.dictionary[copy * 24 + k] =
          sample.dictionary[(copy - 20) * 24 + k] * (1 + static_cast<float>(stream.next()) * 3e-7f);
    }
  }
  for (const bool nonnegative : {true, false}) {
    OneRow row(sample, 0.03f, nonnegative, 32);
    row.solve(device, 96);
    EXPECT_LE(row.relative_gap(), 1e-6);
  }
}

/// A set that is full lets go of what is not in the support, and goes on.
TEST_F(ExactRow, SmallCapacities) {
  OneRow wide(sample_problem(300, 20, 1, 7), 0.004f, true, 32);
  wide.solve(device, 320);
  OneRow row(sample_problem(300, 20, 1, 7), 0.004f, true, 32);
  row.solve(device, 55);
  EXPECT_LE(wide.relative_gap(), 1e-7);
  EXPECT_LE(row.relative_gap(), 1e-7);
  EXPECT_EQ(wide.rows.code_atoms, row.rows.code_atoms);
  // Every atom of a start that is larger than the capacity can't be kept.
  std::vector<std::int32_t> start(32);
  std::iota(start.begin(), start.end(), 100);
  OneRow crowded(sample_problem(300, 20, 1, 7), 0.004f, true, 32);
  crowded.solve(device, 64, start);
  EXPECT_LE(crowded.relative_gap(), 1e-7);
}

TEST_F(ExactRow, ASpentBudgetLeavesWhatThereIs) {
  OneRow row(sample_problem(300, 20, 1, 7), 0.004f, true, 32);
  row.problem.view.max_rounds = 1;
  row.solve(device, 320);
  EXPECT_EQ(row.rows.rounds[0], 1);
  EXPECT_GT(row.rows.code_count[0], 0);
}

/// More atoms than any float32 solver holds. Not watched: it would take a minute.
TEST(ExactRowUnwatched, SupportsOfHundreds) {
  emulation::EmulatedDevice device(Device::cuda(0));
  SampleProblem sample = sample_problem(430, 440, 1, 8);
  std::fill(sample.embeddings.begin(), sample.embeddings.end(), 0.0f);
  for (std::size_t j = 0; j < 430; ++j) {  // a share of every atom
    for (std::size_t k = 0; k < 440; ++k) sample.embeddings[k] += 0.1f * sample.dictionary[j * 440 + k];
  }
  std::vector<std::int32_t> start(400);
  std::iota(start.begin(), start.end(), 10);
  OneRow row(std::move(sample), 1e-4f, true, 430);
  row.solve(device, 480, start);
  EXPECT_GT(row.rows.code_count[0], 400);
  EXPECT_LE(row.relative_gap(), 1e-7);
}

TEST_F(ExactRow, RefitsAreLeastSquares) {
  const std::vector<std::int32_t> atoms = {1, 5, 8, 13, 21, 34};
  const std::vector<std::size_t> support(atoms.begin(), atoms.end());
  for (const bool nonnegative : {true, false}) {
    OneRow row(sample_problem(40, 24, 1, 9), 0.1f, nonnegative, 32);
    row.refit(device, 64, atoms);
    splice_oracle::Problem oracle = oracle_problem(row.problem.sample, 0.0);
    oracle.any_sign = !nonnegative;
    const std::vector<double> z = oracle_row(row.problem.sample, 0);
    const std::vector<double> wanted = splice_oracle::least_squares(oracle, z, support);
    const std::vector<double> found = row.weights();
    int negative = 0;
    for (std::size_t j = 0; j < 40; ++j) {
      EXPECT_NEAR(found[j], wanted[j], 1e-6) << j;
      negative += found[j] < 0 ? 1 : 0;
    }
    EXPECT_EQ(negative > 0, !nonnegative);
  }
}

TEST_F(ExactRow, RefitsOfDependentAtoms) {
  SampleProblem sample = sample_problem(40, 24, 1, 10);
  std::copy_n(sample.dictionary.begin() + 5 * 24, 24, sample.dictionary.begin() + 8 * 24);
  OneRow row(std::move(sample), 0.1f, false, 32);
  row.refit(device, 64, {1, 5, 8, 13});
  const splice_oracle::Problem oracle = oracle_problem(row.problem.sample, 0.0);
  const splice_oracle::Solution found =
      splice_oracle::evaluate(oracle, oracle_row(row.problem.sample, 0), row.weights());
  for (const std::size_t j : {1u, 5u, 8u, 13u}) EXPECT_NEAR(found.correlations[j], 0, 1e-6);
}

}  // namespace
}  // namespace splice_cuda::testing

// Lists of candidates: what is on them, and what that proves of the atoms that are not.

#include <cmath>

#include "cuda/kernel_problem.hpp"
#include "kernels/list_candidates.hpp"
#include "kernels/quantize_rows.hpp"
#include "support/bell_stream.hpp"

namespace splice_cuda::testing {
namespace {

/// A row's residual screened against all atoms, in blocks of `block` atoms.
struct Screened {
  Screened(emulation::EmulatedDevice& device, const KernelProblem& problem, std::int64_t capacity, std::int64_t block,
           const float* errors = nullptr)
      : rows(problem.sample.rows, problem.atoms.ld, 1, capacity) {
    rows.load(device, problem);
    rows.r = rows.z;
    std::fill(rows.phase.begin(), rows.phase.end(), cuda::RowPhase::certifying);
    std::fill(rows.margin_level.begin(), rows.margin_level.end(), 1);
    device.launch<cuda::QuantizeRowsKernel>(
        rows.view.count, {problem.atoms.ld, problem.view.atom_norm, rows.view, rows.screen});
    for (std::int64_t first = 0; first < problem.padded_atoms(); first += block) {
      const std::int64_t atoms = std::min(block, problem.padded_atoms() - first);
      sums.resize(at(rows.view.count * atoms));
      device.multiply_int8(rows.q.data(), rows.view.count, problem.atoms.rows8 + first * problem.atoms.ld, atoms,
                           problem.atoms.ld, sums.data());
      device.launch<cuda::ListCandidatesKernel>(
          rows.view.count,
          {rows.screen, problem.view.screen_weights, errors != nullptr ? errors : problem.view.screen_error,
           problem.view.nonnegative, 0, first, atoms, sums.data()});
    }
  }
  KernelRows rows;
  std::vector<std::int32_t> sums;
};

/// <c_j, r^> / a_j in long double.
long double correlation(const KernelProblem& problem, const KernelRows& rows, std::int64_t row, std::int64_t atom) {
  long double sum = 0;
  for (std::int64_t k = 0; k < problem.atoms.dim; ++k) {
    sum +=
        static_cast<long double>(problem.atom(atom)[k]) * rows.scale[at(row)] * rows.q[at(row * problem.atoms.ld + k)];
  }
  sum *= problem.view.inverse[atom];
  return problem.view.nonnegative ? sum : std::abs(sum);
}

/// Atoms that are not listed although <c_j, r> / a_j may exceed unlisted_bound + atom_norm |r - r^| for some residual
/// r: the worst r lies in the direction of the atom itself.
int unproven_atoms(const KernelProblem& problem, const KernelRows& rows) {
  int found = 0;
  for (std::int64_t i = 0; i < rows.view.count; ++i) {
    const std::int32_t* listed = rows.list_atoms.data() + i * rows.screen.list_capacity;
    const std::int64_t count = std::min<std::int64_t>(rows.list_count[at(i)], rows.screen.list_capacity);
    for (std::int64_t j = 0; j < problem.atoms.size; ++j) {
      if (problem.view.solver_inverse[j] == 0 || std::binary_search(listed, listed + count, j)) continue;
      long double norm = 0;
      for (std::int64_t k = 0; k < problem.atoms.dim; ++k)
        norm += std::pow(static_cast<long double>(problem.atom(j)[k]), 2);
      norm = std::sqrt(norm) * problem.view.inverse[j];
      for (const long double movement : {0.0L, 0.1L}) {
        const long double limit = rows.unlisted_bound[at(i)] + problem.view.atom_norm * movement;
        if (correlation(problem, rows, i, j) + norm * movement > limit) ++found;
      }
    }
  }
  return found;
}

class ListCandidates : public WatchedKernels {
 protected:
  /// Against a plain loop over the sums.
  void check(const KernelProblem& problem, std::int64_t capacity, std::int64_t block) {
    const Screened screened(device, problem, capacity, block);
    const KernelRows& rows = screened.rows;
    std::vector<std::int32_t> sums(at(rows.view.count * problem.padded_atoms()));
    device.multiply_int8(rows.q.data(), rows.view.count, problem.atoms.rows8, problem.padded_atoms(), problem.atoms.ld,
                         sums.data());
    for (std::int64_t i = 0; i < rows.view.count; ++i) {
      std::int64_t count = 0;
      for (std::int64_t j = 0; j < problem.padded_atoms(); ++j) {
        const float weight = problem.view.screen_weights[j];
        const auto sum = static_cast<float>(sums[at(i * problem.padded_atoms() + j)]);
        const float value = sum * weight * rows.scale[at(i)];
        const double size = static_cast<double>(weight) * (problem.view.nonnegative ? sum : std::abs(sum));
        const double error = static_cast<double>(problem.view.screen_error[j]) * (rows.norm[at(i)] / rows.scale[at(i)]);
        if (weight == 0 || !(size + error > rows.threshold[at(i)] / rows.scale[at(i)])) continue;
        if (count < capacity) {
          ASSERT_EQ(rows.list_atoms[at(i * capacity + count)], j) << "row " << i;
          ASSERT_EQ(rows.list_values[at(i * capacity + count)], value);
        }
        ++count;
      }
      EXPECT_EQ(rows.list_count[at(i)], count) << "row " << i;
      listed += count;
    }
  }
  std::int64_t listed = 0;
};

TEST_F(ListCandidates, AgainstAPlainLoop) {
  for (const bool nonnegative : {true, false}) {
    const KernelProblem problem(sample_problem(307, 37, 6, 2), options(0.2f, nonnegative));
    for (const std::int64_t block : {32, 96, 128, 160, 320}) check(problem, 307, block);
  }
  EXPECT_GT(listed, 100);
  const KernelProblem one(sample_problem(1, 5, 3, 3), options(0.2f, true));
  check(one, 1, 32);
}

TEST_F(ListCandidates, OverflowIsCountedAndNothingIsWrittenPastTheEnd) {
  const KernelProblem problem(sample_problem(300, 16, 6, 4), options(0.1f, false));
  for (const std::int64_t capacity : {1, 7, 32}) check(problem, capacity, 96);
}

TEST_F(ListCandidates, BannedAndEqualAtomsAndPaddingAreNeverListed) {
  SampleProblem sample = sample_problem(45, 16, 5, 5);
  for (const std::int64_t copy : {7, 30})
    std::copy_n(sample.dictionary.begin() + 3 * 16, 16, sample.dictionary.begin() + copy * 16);
  DecomposeOptions wanted = options(0.05f, false);
  const std::vector<std::int32_t> banned = {0, 44};
  wanted.banned_atoms = banned;
  const KernelProblem problem(std::move(sample), wanted);
  Screened screened(device, problem, 45, 32);
  std::fill(screened.rows.threshold.begin(), screened.rows.threshold.end(), 1e-9f);  // all others pass
  std::fill(screened.rows.list_count.begin(), screened.rows.list_count.end(), 0);
  std::vector<std::int32_t> sums(5 * 64, 1 << 20);
  device.launch<cuda::ListCandidatesKernel>(
      5, {screened.rows.screen, problem.view.screen_weights, problem.view.screen_error, false, 0, 0, 64, sums.data()});
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(screened.rows.list_count[at(i)], 41);
    for (int k = 0; k < 41; ++k) {
      const std::int32_t atom = screened.rows.list_atoms[at(i * 45 + k)];
      EXPECT_TRUE(atom != 0 && atom < 44 && atom != 7 && atom != 30) << atom;
    }
  }
}

TEST_F(ListCandidates, AtomsThatAreNotListedStayBelowTheBound) {
  for (const bool nonnegative : {true, false}) {
    std::vector<float> weights(900);
    for (std::size_t j = 0; j < weights.size(); ++j) weights[j] = 0.9f + 0.2f * static_cast<float>(j % 7) / 7;
    DecomposeOptions wanted = options(0.14f, nonnegative);
    wanted.atom_weights = weights;
    const KernelProblem problem(sample_problem(900, 32, 25, 6), wanted);
    Screened screened(device, problem, 900, 928);
    EXPECT_EQ(unproven_atoms(problem, screened.rows), 0);
    // It takes the error term: atoms near the threshold are listed for their bound alone.
    const std::vector<float> none(at(problem.padded_atoms()), 0.0f);
    EXPECT_GT(unproven_atoms(problem, Screened(device, problem, 900, 928, none.data()).rows), 0);
    // And an atom that is missing is noticed.
    const auto best = std::max_element(screened.rows.list_values.begin(),
                                       screened.rows.list_values.begin() + screened.rows.list_count[0]);
    ASSERT_GT(screened.rows.list_count[0], 0);
    screened.rows.list_atoms[at(best - screened.rows.list_values.begin())] -= 1;
    std::sort(screened.rows.list_atoms.begin(), screened.rows.list_atoms.begin() + screened.rows.list_count[0]);
    EXPECT_GT(unproven_atoms(problem, screened.rows), 0);
  }
}

}  // namespace
}  // namespace splice_cuda::testing

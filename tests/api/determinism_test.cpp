// Bitwise the same whatever the run, the batch, its order, the thread count, the memory limit or the leading dimension.

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class Determinism : public EachSolver {
 protected:
  DecomposeResult solve(MatrixView<const float> rows, ContextOptions resources = {}) const {
    const Context context(test_device().device, std::move(resources));
    return decompose(context, Dictionary(context, sample.atom_view()), rows, options());
  }

  SampleProblem sample = sample_problem(401, 53, test_rows(150), 31);
};

TEST_P(Determinism, RunToRun) { EXPECT_EQ(difference(solve(sample.view()), solve(sample.view())), ""); }

TEST_P(Determinism, ThreadCount) {
  const DecomposeResult one = solve(sample.view(), {.threads = 1});
  for (const int threads : {2, 3, 7}) EXPECT_EQ(difference(one, solve(sample.view(), {.threads = threads})), "");
}

TEST_P(Determinism, MemoryLimit) {
  const DecomposeResult roomy = solve(sample.view());
  const DecomposeResult tight = solve(sample.view(), {.threads = 1, .memory_limit_bytes = test_device().tight_memory});
  EXPECT_EQ(difference(roomy, tight), "");
}

TEST_P(Determinism, BatchIsConcatenationOfItsParts) {
  const DecomposeResult whole = solve(sample.view());
  for (const std::int64_t part : {1, 7, 64}) {
    for (std::int64_t first = 0; first < sample.rows; first += part) {
      const std::int64_t count = std::min(part, sample.rows - first);
      const DecomposeResult piece = solve(sample.view().slice(first, count));
      for (std::int64_t i = 0; i < count; ++i) ASSERT_EQ(row_difference(whole, first + i, piece, i), "");
    }
  }
}

TEST_P(Determinism, OrderOfRows) {
  std::vector<float> reversed;
  for (std::int64_t i = sample.rows; i-- > 0;) {
    reversed.insert(reversed.end(), sample.view().row(i), sample.view().row(i) + sample.dim);
  }
  const DecomposeResult forward = solve(sample.view());
  const DecomposeResult backward = solve({reversed.data(), sample.rows, sample.dim});
  for (std::int64_t i = 0; i < sample.rows; ++i) ASSERT_EQ(row_difference(forward, i, backward, sample.rows - 1 - i), "");
}

TEST_P(Determinism, LeadingDimension) {
  const std::int64_t ld = sample.dim + 6;
  const float nan = std::numeric_limits<float>::quiet_NaN();  // what lies between the rows is never read
  std::vector<float> padded(static_cast<std::size_t>(sample.rows * ld), nan);
  std::vector<float> padded_atoms(static_cast<std::size_t>(sample.atoms * ld), nan);
  for (std::int64_t i = 0; i < sample.rows; ++i) std::copy_n(sample.view().row(i), sample.dim, padded.data() + i * ld);
  for (std::int64_t j = 0; j < sample.atoms; ++j) {
    std::copy_n(sample.atom_view().row(j), sample.dim, padded_atoms.data() + j * ld);
  }
  const Context context(test_device().device);
  const Dictionary dictionary(context, MatrixView<const float>{padded_atoms.data(), sample.atoms, sample.dim, ld});
  const DecomposeResult spaced =
      decompose(context, dictionary, MatrixView<const float>{padded.data(), sample.rows, sample.dim, ld}, options());
  EXPECT_EQ(difference(solve(sample.view()), spaced), "");
}

/// The optimum C'w does not depend on the order of the atoms; the codes of two orders agree within their gaps.
TEST_P(Determinism, OrderOfAtomsLeavesTheObjective) {
  std::vector<float> reversed;
  for (std::int64_t j = sample.atoms; j-- > 0;) {
    reversed.insert(reversed.end(), sample.atom_view().row(j), sample.atom_view().row(j) + sample.dim);
  }
  const Context context(test_device().device);
  const DecomposeResult forward = solve(sample.view());
  const DecomposeResult backward = decompose(
      context, Dictionary(context, MatrixView<const float>{reversed.data(), sample.atoms, sample.dim}), sample.view(), options());
  for (std::size_t i = 0; i < forward.reports.size(); ++i) {
    EXPECT_LE(std::abs(forward.reports[i].primal - backward.reports[i].primal),
              std::max(forward.reports[i].gap, backward.reports[i].gap) + 1e-12);
  }
}

SPLICE_EACH_SOLVER(Determinism);

}  // namespace
}  // namespace splice_cuda::testing

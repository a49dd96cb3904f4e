#pragma once

/// @file solve_stages.hpp
/// The stages of a round on KernelRows, one launch after the other.

#include "cuda/kernel_problem.hpp"
#include "kernels/list_candidates.hpp"
#include "kernels/quantize_rows.hpp"
#include "kernels/solve_rows.hpp"

namespace splice_cuda::testing {

/// Stage `screen` of all rows.
inline void screen_rows(emulation::EmulatedDevice& device, const KernelProblem& problem, KernelRows& rows) {
  const std::int64_t atoms = problem.padded_atoms();
  device.launch<cuda::QuantizeRowsKernel>(
      rows.view.count, {problem.atoms.ld, problem.view.atom_norm, rows.view, rows.screen});
  std::vector<std::int32_t> sums(at(rows.view.count * atoms));
  device.multiply_int8(rows.q.data(), rows.view.count, problem.atoms.rows8, atoms, problem.atoms.ld, sums.data());
  device.launch<cuda::ListCandidatesKernel>(
      rows.view.count, {rows.screen, problem.view.screen_weights, problem.view.screen_error, problem.view.nonnegative,
                        0, 0, atoms, sums.data()});
}

/// Stage `solve` of all rows by one of the kernels that need no memory of their own.
template <class Kernel>
void solve_rows(emulation::EmulatedDevice& device, const KernelProblem& problem, KernelRows& rows) {
  std::vector<float> products(at(2 * rows.screen.list_capacity));
  std::vector<std::int32_t> candidates(products.size());
  device.launch<Kernel>(rows.view.count,
                        {problem.atoms, problem.view, rows.view, rows.screen, products.data(), candidates.data(), nullptr, {}}, 2);
}

}  // namespace splice_cuda::testing

#pragma once

/// @file solve_stages.hpp
/// The stages of a round on KernelRows, one launch after the other.

#include <algorithm>
#include <type_traits>
#include <vector>

#include "cuda/kernel_problem.hpp"
#include "kernels/list_candidates.hpp"
#include "kernels/pick_rows.hpp"
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

/// Stage `select` of all rows, two groups at once.
inline void pick_rows(emulation::EmulatedDevice& device, const KernelProblem& problem, KernelRows& rows, bool last_round = false) {
  std::vector<std::int32_t> violators(2 * at(rows.screen.list_capacity));
  std::fill(rows.waiting_count.begin(), rows.waiting_count.end(), 0);
  device.launch<cuda::PickRowsKernel>(rows.view.count, {problem.view, rows.view, rows.screen, violators.data(), nullptr, last_round}, 2);
}

/// Stage `solve` of the rows that wait for one of the kernels, two groups at once.
template <class Kernel>
void solve_waiting(emulation::EmulatedDevice& device, const KernelProblem& problem, KernelRows& rows) {
  constexpr std::size_t groups = 2;
  std::vector<float> products(groups * at(rows.screen.list_capacity));
  std::vector<std::int32_t> candidates(cuda::candidate_lists * products.size());
  cuda::SolveRowsArgs args{problem.atoms, problem.view, rows.view, rows.screen, products.data(), candidates.data(), nullptr, {}};
  constexpr bool in_memory = std::is_same_v<Kernel, cuda::LargeCheckRowsKernel>;
  constexpr std::size_t places = in_memory ? groups * Kernel::capacity : 0;
  std::vector<float> matrices(places * Kernel::capacity);
  std::vector<std::vector<float>> floats(6, std::vector<float>(places));
  std::vector<std::vector<std::int32_t>> ints(4, std::vector<std::int32_t>(places));
  if (in_memory) {
    args.matrices = matrices.data();
    args.first = {{floats[0].data(), floats[1].data(), floats[2].data(), floats[3].data(), ints[0].data(), ints[1].data(),
                   ints[2].data()}, floats[4].data(), floats[5].data(), ints[3].data()};
  }
  device.launch<Kernel>(rows.view.count, args, groups);
}

/// Both stages, by the solvers in the order of the product.
/// @param least_tier  of the solvers: rows that wait for a smaller one take it instead
inline void solve_rows(emulation::EmulatedDevice& device, const KernelProblem& problem, KernelRows& rows, int least_tier = 0,
                       bool last_round = false) {
  pick_rows(device, problem, rows, last_round);
  const auto move = [&](int from, int to) {
    if (from == to) return;
    for (const std::int32_t row : rows.waiting_for(from)) rows.waiting[at(to * rows.view.count + rows.waiting_count[at(to)]++)] = row;
    rows.waiting_count[at(from)] = 0;
  };
  for (int tier = 0; tier < least_tier; ++tier) {
    if (tier < cuda::guessing_tiers) move(cuda::guess_list(tier), cuda::guess_list(std::min(least_tier, cuda::guessing_tiers - 1)));
    move(cuda::solve_list(tier), cuda::solve_list(least_tier));
    move(cuda::check_list(tier), cuda::check_list(least_tier));
  }
  solve_waiting<cuda::TinyGuessRowsKernel>(device, problem, rows);
  solve_waiting<cuda::SmallGuessRowsKernel>(device, problem, rows);
  solve_waiting<cuda::TinySolveRowsKernel>(device, problem, rows);
  solve_waiting<cuda::SmallSolveRowsKernel>(device, problem, rows);
  solve_waiting<cuda::MediumSolveRowsKernel>(device, problem, rows);
  solve_waiting<cuda::SmallCheckRowsKernel>(device, problem, rows);
  solve_waiting<cuda::MediumCheckRowsKernel>(device, problem, rows);
  solve_waiting<cuda::LargeCheckRowsKernel>(device, problem, rows);
}

}  // namespace splice_cuda::testing

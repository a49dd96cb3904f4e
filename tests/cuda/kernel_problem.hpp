#pragma once

/// @file kernel_problem.hpp
/// A problem and the rows of a tile as kernels are told of them, in host memory: for tests of kernels one by one.

#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/problem.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "cpu/problem_scales.hpp"
#include "cuda/emulation/watched.hpp"
#include "device_problem.hpp"
#include "kernels/picks.hpp"
#include "kernels/prepare.hpp"
#include "kernels/remainders.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/solve_tiers.hpp"
#include "kernels/split_atoms.hpp"
#include "kernels/views.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {

/// Every access of every kernel is watched; a fault fails the test.
class WatchedKernels : public ::testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(emulation::faults().total(), 0) << emulation::faults().first; }
  static DecomposeOptions options(float penalty, bool nonnegative) {
    DecomposeOptions wanted;
    wanted.l1_penalty = penalty;
    wanted.nonnegative = nonnegative;
    return wanted;
  }

  emulation::EmulatedDevice device{Device::cuda(0)};

 private:
  emulation::Watched watched_;
};

template <class T>
std::size_t at(T index) {
  return static_cast<std::size_t>(index);
}

struct KernelProblem {
  explicit KernelProblem(SampleProblem given, const DecomposeOptions& options = {})
      : sample(std::move(given)),
        handle(context, sample.atom_view()),
        problem(resolve_problem(context, handle, sample.view(), options)),
        dictionary(cpu::make_cpu_dictionary({sample.atom_view()})),
        scales(cpu::make_problem_scales(*dictionary, problem)),
        atoms{dictionary->size,           dictionary->dim,         dictionary->ld,
              dictionary->atom<float>(0), dictionary->rows8.get()},
        halves(static_cast<std::size_t>(2 * atoms.size * atoms.ld)),
        half_scales(static_cast<std::size_t>(atoms.size)),
        remainders(static_cast<std::size_t>(atoms.size * atoms.ld / cuda::remainders_of_word)),
        remainder_scales(half_scales.size()),
        remainder_errors(half_scales.size()) {
    atoms.halves = halves.data();
    atoms.half_scales = half_scales.data();
    emulation::EmulatedDevice(Device::cuda(0)).launch<cuda::SplitAtomsKernel>(atoms.size, {atoms, halves.data(), half_scales.data()});
    atoms.remainders = remainders.data();
    emulation::EmulatedDevice(Device::cuda(0)).launch<cuda::RemaindersKernel>(
        atoms.size, {atoms, dictionary->scale.get(), remainders.data(), remainder_scales.data(), remainder_errors.data()});
    remainder = cuda::remainder_scales(
        {remainder_scales, remainder_errors, {dictionary->norm.get(), remainder_scales.size()}, padded_atoms()}, problem);
    view.remainder = remainder.data();
    view.solver_inverse = problem.solver_inverse_weights.data();
    view.inverse = problem.inverse_weights.data();
    view.screen_weights = scales.screen_weights.get();
    view.screen_error = scales.screen_error.get();
    view.atom_norm = scales.atom_norm;
    for (std::size_t j = 0; j < problem.inverse_weights.size(); ++j) {
      const double norm = static_cast<double>(dictionary->norm[j]) * problem.inverse_weights[j];
      view.certificate_norm = std::max(view.certificate_norm, static_cast<float>(norm * (1 + 1e-6)));
    }
    view.nonnegative = problem.nonnegative;
    view.gap_tolerance = problem.solve.gap_tolerance;
    view.max_rounds = problem.solve.max_rounds;
  }

  std::int64_t padded_atoms() const { return dictionary->panels * cpu::panel_atoms; }
  const float* atom(std::int64_t j) const { return atoms.atoms + j * atoms.ld; }

  SampleProblem sample;
  Context context;
  Dictionary handle;
  Problem problem;
  std::shared_ptr<const cpu::CpuDictionary> dictionary;
  cpu::ProblemScales scales;
  cuda::AtomsView atoms;
  std::vector<Float16> halves;
  std::vector<float> half_scales;
  std::vector<std::uint32_t> remainders;
  std::vector<float> remainder_scales;
  std::vector<float> remainder_errors;
  std::vector<cuda::RemainderScale> remainder;
  cuda::ProblemView view;
};

/// Rows with everything undefined, all of them active.
struct KernelRows {
  KernelRows(std::int64_t rows, std::int64_t ld, std::int64_t code_capacity, std::int64_t list_capacity) {
    const auto make = [&](auto& values, auto*& pointer, std::int64_t count) {
      using T = typename std::remove_reference_t<decltype(values)>::value_type;
      T undefined{};
      if constexpr (std::is_same_v<T, Float16>) undefined.bits = 0x7E00;
      if constexpr (std::is_floating_point_v<T>) undefined = std::numeric_limits<T>::quiet_NaN();
      if constexpr (std::is_integral_v<T>) undefined = static_cast<T>(-77);
      values.assign(at(count), undefined);
      pointer = values.data();
    };
    view.count = rows;
    view.code_capacity = code_capacity;
    screen.list_capacity = list_capacity;
    make(z, view.z, rows * ld);
    make(z_halves, view.z_halves, rows * 2 * ld);
    make(r, view.r, rows * ld);
    make(exponent, view.exponent, rows);
    make(lambda, view.lambda, rows);
    make(phase, view.phase, rows);
    make(status, view.status, rows);
    make(rounds, view.rounds, rows);
    make(iterations, view.iterations, rows);
    make(misses, view.misses, rows);
    make(code_count, view.code_count, rows);
    make(code_atoms, view.code_atoms, rows * code_capacity);
    make(code_weights, view.code_weights, rows * code_capacity);
    make(primal, view.primal, rows);
    make(dual, view.dual, rows);
    make(gap, view.gap, rows);
    make(kkt_violation, view.kkt_violation, rows);
    make(active, screen.active, rows);
    make(active_count, screen.active_count, 1);
    make(waiting_count, screen.waiting_count, cuda::waiting_lists);
    make(waiting, screen.waiting, cuda::waiting_lists * rows);
    make(pick_count, screen.pick_count, rows);
    make(pick_atoms, screen.pick_atoms, rows * cuda::most_picks);
    make(pick_values, screen.pick_values, rows * cuda::most_picks);
    make(q, screen.q, rows * ld);
    make(place, screen.place, rows);
    make(scale, screen.scale, rows);
    make(norm, screen.norm, rows);
    make(threshold, screen.threshold, rows);
    make(unlisted_bound, screen.unlisted_bound, rows);
    make(margin_level, screen.margin_level, rows);
    make(list_count, screen.list_count, rows);
    make(list_atoms, screen.list_atoms, rows * list_capacity);
    make(list_values, screen.list_values, rows * list_capacity);
    std::iota(active.begin(), active.end(), 0);
    std::iota(place.begin(), place.end(), 0);
    active_count[0] = static_cast<std::int32_t>(rows);
    std::fill(waiting_count.begin(), waiting_count.end(), 0);
  }
  KernelRows(const KernelRows&) = delete;  // the views point here
  KernelRows& operator=(const KernelRows&) = delete;

  /// The problem's embeddings, as the first stage leaves them.
  void load(emulation::EmulatedDevice& device, const KernelProblem& problem) {
    cuda::PrepareKernel::Args args;
    args.input = problem.sample.embeddings.data();
    args.ld_input = args.dim = problem.sample.dim;
    args.ld = problem.atoms.ld;
    args.penalty = static_cast<double>(problem.problem.l1_penalty);
    args.smallest_lambda = 1e-12;
    args.largest_lambda = 1e12;
    args.rows = view;
    device.launch<cuda::PrepareKernel>(view.count, args);
  }

  /// The code of a row, of the scaled problem.
  void set_code(std::int64_t row, const std::vector<std::int32_t>& atoms, const std::vector<float>& weights) {
    code_count[at(row)] = static_cast<std::int32_t>(atoms.size());
    std::copy(atoms.begin(), atoms.end(), code_atoms.begin() + row * view.code_capacity);
    std::copy(weights.begin(), weights.end(), code_weights.begin() + row * view.code_capacity);
  }

  /// Rows that wait in a list.
  std::vector<std::int32_t> waiting_for(int list) const {
    const auto first = waiting.begin() + list * view.count;
    return {first, first + waiting_count[at(list)]};
  }
  /// `row` waits for one solver, no others for any.
  void let_wait(std::int32_t row, int list) {
    std::fill(waiting_count.begin(), waiting_count.end(), 0);
    waiting[at(list * view.count)] = row;
    waiting_count[at(list)] = 1;
  }

  cuda::RowsView view;
  cuda::ScreenView screen;
  std::vector<float> z, r, code_weights, scale, norm, threshold, unlisted_bound, list_values, pick_values;
  std::vector<double> lambda, primal, dual, gap, kkt_violation;
  std::vector<Float16> z_halves;
  std::vector<cuda::RowPhase> phase;
  std::vector<std::int8_t> q;
  std::vector<std::int32_t> exponent, status, rounds, iterations, misses, code_count, code_atoms;
  std::vector<std::int32_t> active, active_count, waiting_count, waiting, pick_count, pick_atoms, place, margin_level, list_count, list_atoms;
};

}  // namespace splice_cuda::testing

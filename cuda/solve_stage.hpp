#pragma once

/// @file solve_stage.hpp
/// Stages `select`, `solve` and `certify` of the working-set solver: picks, a launch for each size of working set, and screened
/// certificates. Scratch for as many rows as a device works on at once.

#include <algorithm>
#include <cstdint>

#include "device_buffer.hpp"
#include "device_dictionary.hpp"
#include "kernels/certify_screened.hpp"
#include "kernels/pick_rows.hpp"
#include "kernels/screen_view.hpp"
#include "kernels/solve_rows.hpp"
#include "kernels/views.hpp"
#include "screen_stage.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class SolveStage {
 public:
  SolveStage(Engine& engine, const DeviceDictionary<Engine>& dictionary, const ProblemView& problem, std::int64_t rows)
      : engine_(engine),
        atoms_(dictionary.view()),
        problem_(problem),
        groups_(std::min(rows, most_groups(dictionary))),
        large_groups_(std::min(groups_, most_large_groups(dictionary))),
        products_(engine, groups_ * ScreenStage<Engine>::list_capacity(dictionary)),
        candidates_(engine, groups_ * candidate_lists * ScreenStage<Engine>::list_capacity(dictionary)),
        residuals_(engine, groups_ * dictionary.ld),
        matrix_(engine, large_groups_ * places * places),
        floats_(engine, large_groups_ * places * float_arrays),
        ints_(engine, large_groups_ * places * int_arrays),
        queue_(engine, 1) {
    engine.clear(queue_.get(), queue_.bytes());
  }

  /// Rows that a device works on at once with scratch.
  static std::int64_t most_groups(const DeviceDictionary<Engine>& dictionary) {
    const Engine& engine = *dictionary.owner;
    return std::max({resident<TinySolveRowsKernel>(engine), resident<CertifyScreenedKernel>(engine), most_large_groups(dictionary)});
  }

  static std::size_t fixed_cost(const DeviceDictionary<Engine>& dictionary) {
    return static_cast<std::size_t>(most_large_groups(dictionary) * places * (places * 4 + float_arrays * 4 + int_arrays * 4));
  }
  /// Of each row that is worked on: all of a tile, but no more than most_groups.
  static std::size_t scratch_cost(const DeviceDictionary<Engine>& dictionary) {
    return static_cast<std::size_t>(ScreenStage<Engine>::list_capacity(dictionary) * (4 + 4 * candidate_lists) + dictionary.ld * 8);
  }

  /// Rows as collected, once: what joins their working sets, by their lists, and the solvers that hold them. Rows that none of
  /// them holds are left to fp64.
  /// @param first_passes  there is nothing else: they all fit into the first solver
  /// @param last_round    whether what is not solved then is certified as it stands
  void solve(const RowsView& rows, const ScreenView& screen, std::int64_t most, bool first_passes, bool last_round = false) {
    const std::int64_t pickers = std::min(resident<PickRowsKernel>(engine_), groups_ * candidate_lists);
    engine_.template launch<PickRowsKernel>(most, {problem_, rows, screen, candidates_.get(), queue_.get(), last_round}, pickers);
    const SolveRowsArgs a = args(rows, screen);
    engine_.template launch<TinyGuessRowsKernel>(most, a, resident<TinyGuessRowsKernel>(engine_));  // guesses need no scratch
    if (first_passes) return;
    engine_.template launch<SmallGuessRowsKernel>(most, a, resident<SmallGuessRowsKernel>(engine_));
    launch_queued<TinySolveRowsKernel>(most, a);
    launch_queued<SmallSolveRowsKernel>(most, a);
    engine_.template launch<MediumSolveRowsKernel>(most, a, groups_);
    launch_queued<SmallCheckRowsKernel>(most, a);
    engine_.template launch<MediumCheckRowsKernel>(most, a, groups_);
    engine_.template launch<LargeCheckRowsKernel>(most, a, large_groups_);
  }

  void certify(const RowsView& rows, const ScreenView& screen, std::int64_t most) {
    launch_queued<CertifyScreenedKernel>(
        most, {atoms_, problem_, rows, screen, residuals_.get(), products_.get(), candidates_.get(), queue_.get()});
  }

 private:
  /// One a multiprocessor: of the smallest devices, too, some work on while others wait; more than 128 do not pay for their memory.
  static std::int64_t most_large_groups(const DeviceDictionary<Engine>& dictionary) {
    return std::clamp<std::int64_t>(dictionary.owner->multiprocessors(), 32, 128);
  }
  /// Groups of a kernel that are on the device at once.
  template <class Kernel>
  static std::int64_t resident(const Engine& engine) {
    return std::int64_t{engine.multiprocessors()} * Kernel::resident_blocks * Kernel::groups_per_block;
  }
  /// Groups take rows from a queue until there are none: one that is not there from the beginning would start with its first row
  /// when the others are done.
  template <class Kernel>
  void launch_queued(std::int64_t most, const typename Kernel::Args& args) {
    engine_.template launch<Kernel>(most, args, std::min(groups_, resident<Kernel>(engine_)));
  }

  static constexpr std::int64_t places = LargeCheckRowsKernel::capacity;
  static constexpr std::int64_t float_arrays = 6;
  static constexpr std::int64_t int_arrays = 4;

  SolveRowsArgs args(const RowsView& rows, const ScreenView& screen) const {
    SolveRowsArgs a{atoms_, problem_, rows, screen, products_.get(), candidates_.get(), matrix_.get(), {}, queue_.get()};
    float* floats = floats_.get();
    std::int32_t* ints = ints_.get();
    const auto next_floats = [&] { return std::exchange(floats, floats + large_groups_ * places); };
    const auto next_ints = [&] { return std::exchange(ints, ints + large_groups_ * places); };
    TableauMemory<float>& t = a.first.tableau;
    t.value = next_floats();
    t.diagonal = next_floats();
    t.factor = next_floats();
    t.row = next_floats();
    a.first.gram = next_floats();
    a.first.slacks = next_floats();
    t.atom = next_ints();
    t.in_support = next_ints();
    t.exchanges = next_ints();
    a.first.support = next_ints();
    return a;
  }

  Engine& engine_;
  AtomsView atoms_;
  ProblemView problem_;
  std::int64_t groups_;
  std::int64_t large_groups_;
  DeviceBuffer<float, Engine> products_;
  DeviceBuffer<std::int32_t, Engine> candidates_;
  DeviceBuffer<double, Engine> residuals_;
  DeviceBuffer<float, Engine> matrix_;
  DeviceBuffer<float, Engine> floats_;
  DeviceBuffer<std::int32_t, Engine> ints_;
  DeviceBuffer<ItemQueue, Engine> queue_;
};

}  // namespace splice_cuda::cuda

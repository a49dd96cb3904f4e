#pragma once

/// @file target_stage.hpp
/// Rows that find their own penalty, and their certificates: scratch for as many rows as are worked on at once.

#include <algorithm>
#include <cstdint>

#include "core/problem.hpp"
#include "device_buffer.hpp"
#include "device_dictionary.hpp"
#include "kernels/certify_exactly.hpp"
#include "kernels/target_row.hpp"
#include "kernels/target_view.hpp"
#include "kernels/views.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class TargetStage {
 public:
  TargetStage(Engine& device, const DeviceDictionary<Engine>& dictionary, const Problem& problem, const ProblemView& view,
              std::int64_t rows)
      : device_(device),
        atoms_(dictionary.view()),
        problem_(view),
        target_(problem.target),
        support_(static_cast<int>(support(dictionary, problem.target))),
        groups_(std::min(rows, most_groups(dictionary, problem.target))),
        zeros_(device, dictionary.ld),
        residuals_(device, groups_ * dictionary.ld),
        doubles_(device, groups_ * double_count(dictionary, problem.target)),
        ints_(device, groups_ * int_count(dictionary, problem.target)),
        member_(device, groups_ * dictionary.size) {
    device.clear(zeros_.get(), zeros_.bytes());
  }

  static std::size_t fixed_cost(const DeviceDictionary<Engine>& dictionary) {
    return static_cast<std::size_t>(dictionary.ld) * sizeof(float);
  }
  /// Of each row that is worked on: all of a tile, but no more than most_groups.
  static std::size_t scratch_cost(const DeviceDictionary<Engine>& dictionary, const PathTarget& target) {
    return static_cast<std::size_t>(dictionary.ld + double_count(dictionary, target)) * sizeof(double) +
           static_cast<std::size_t>(int_count(dictionary, target)) * sizeof(std::int32_t) +
           static_cast<std::size_t>(dictionary.size);
  }
  /// More than a device works on at once, but within a share of its memory: supports of a cosine may be large.
  static std::int64_t most_groups(const DeviceDictionary<Engine>& dictionary, const PathTarget& target) {
    constexpr std::size_t budget = std::size_t{1} << 30;
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(budget / scratch_cost(dictionary, target)), 1, 528);
  }
  /// Entries of a code.
  static std::int64_t support(const DeviceDictionary<Engine>& dictionary, const PathTarget& target) {
    const std::int64_t most = std::min(dictionary.dim, candidates(dictionary));
    return target.l0 > 0 ? std::min<std::int64_t>(target.l0, most) : most;
  }

  /// @param penalties  [rows] out: what was found, in the rows' own units
  void solve(const RowsView& rows, float* penalties) {
    TargetArgs args;
    args.atoms = atoms_;
    args.problem = problem_;
    args.rows = rows;
    args.l0 = target_.l0;
    args.cosine = target_.cosine;
    args.first_candidates = first_candidates;
    args.candidates = static_cast<int>(places(atoms_.size));
    args.most_new = most_new;
    args.support = support_;
    args.penalties = penalties;
    args.zeros = zeros_.get();
    args.residuals = residuals_.get();
    args.doubles = doubles_.get();
    args.ints = ints_.get();
    args.member = member_.get();
    device_.template launch<TargetRowKernel>(rows.count, args, groups_);
  }
  void certify(const RowsView& rows) {
    device_.template launch<CertifyExactlyKernel>(rows.count, {atoms_, problem_, rows, residuals_.get()}, groups_);
  }

 private:
  static constexpr int first_candidates = 1024;
  static constexpr int later_candidates = 512;  // that violate where a path ends
  static constexpr int most_new = 128;          // of them at once

  static std::int64_t places(std::int64_t size) {
    return size <= first_candidates ? size : std::min<std::int64_t>(size, first_candidates + later_candidates);
  }
  static std::int64_t candidates(const DeviceDictionary<Engine>& dictionary) { return places(dictionary.size); }
  static std::int64_t double_count(const DeviceDictionary<Engine>& dictionary, const PathTarget& target) {
    return TargetArgs::double_count(dictionary.size, dictionary.ld, candidates(dictionary), support(dictionary, target));
  }
  static std::int64_t int_count(const DeviceDictionary<Engine>& dictionary, const PathTarget& target) {
    return TargetArgs::int_count(candidates(dictionary), support(dictionary, target));
  }

  Engine& device_;
  AtomsView atoms_;
  ProblemView problem_;
  PathTarget target_;
  int support_;
  std::int64_t groups_;
  DeviceBuffer<float, Engine> zeros_;
  DeviceBuffer<double, Engine> residuals_;
  DeviceBuffer<double, Engine> doubles_;
  DeviceBuffer<std::int32_t, Engine> ints_;
  DeviceBuffer<std::uint8_t, Engine> member_;
};

}  // namespace splice_cuda::cuda

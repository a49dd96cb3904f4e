#pragma once

/// @file exact_stage.hpp
/// The fp64 fallback and refits: their scratch, as many rows at once as it holds.

#include <algorithm>
#include <cstdint>

#include "device_buffer.hpp"
#include "device_dictionary.hpp"
#include "kernels/certify_exactly.hpp"
#include "kernels/exact_row.hpp"
#include "kernels/views.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class ExactStage {
 public:
  /// @param most_places  of a working set, where that is less than what solving to the end may need
  /// @param most_rows  that there will be at once
  /// @param more  bytes of scratch beyond what cost() says: more rows at once
  ExactStage(Engine& device, const DeviceDictionary<Engine>& dictionary, const ProblemView& problem,
             std::int64_t most_places = Engine::unlimited, std::int64_t most_rows = Engine::unlimited, std::size_t more = 0)
      : device_(device),
        atoms_(dictionary.view()),
        problem_(problem),
        groups_(std::min(groups(dictionary, most_places, more), most_rows)),
        capacity_(capacity(dictionary, most_places)),
        matrix_(device, groups_ * capacity_ * capacity_),
        set_doubles_(device, groups_ * capacity_ * set_arrays),
        set_ints_(device, groups_ * capacity_ * set_int_arrays),
        correlations_(device, groups_ * dictionary.size),
        member_(device, groups_ * dictionary.size),
        residual_(device, groups_ * dictionary.ld),
        certified_residuals_(device, most_certified * dictionary.ld) {}

  static std::size_t cost(const DeviceDictionary<Engine>& dictionary, std::int64_t most_places = Engine::unlimited) {
    return static_cast<std::size_t>(groups(dictionary, most_places)) * group_cost(dictionary, most_places) +
           static_cast<std::size_t>(most_certified * dictionary.ld) * sizeof(double);
  }
  /// Of the `more` that a tile's size allows, per row: of 30,000 rows some 30 are solved at once then.
  static constexpr std::size_t row_cost = 8192;

  void solve(const RowsView& rows) { device_.template launch<ExactRowKernel>(rows.count, args(rows), groups_); }
  void refit(const RowsView& rows) { device_.template launch<RefitKernel>(rows.count, args(rows), groups_); }
  /// The minimiser on each code's support in place of the code, for the rows that `wanted` names and that are not
  /// finished.
  void relax(const RowsView& rows, const std::int32_t* wanted) {
    device_.template launch<RelaxKernel>(rows.count, {args(rows), wanted}, groups_);
  }
  /// Certificates over all atoms of the rows that wait for it.
  void certify(const RowsView& rows) {
    device_.template launch<CertifyExactlyKernel>(rows.count, {atoms_, problem_, rows, certified_residuals_.get()},
                                                  most_certified);
  }

 private:
  static constexpr std::int64_t set_arrays = 6;      // of doubles
  static constexpr std::int64_t set_int_arrays = 4;  // of int32
  static constexpr std::size_t budget = std::size_t{64} << 20;
  static constexpr std::int64_t most_certified = 512;  // at once
  static constexpr std::int64_t most_groups = 1024;

  /// Working sets may hold an independent support and what comes and goes around it.
  static std::int64_t capacity(const DeviceDictionary<Engine>& dictionary, std::int64_t most_places) {
    return std::min((std::min(dictionary.size, dictionary.dim + 512) + 31) / 32 * 32 + 32, most_places);
  }
  static std::size_t group_cost(const DeviceDictionary<Engine>& dictionary, std::int64_t most_places) {
    const auto places = static_cast<std::size_t>(capacity(dictionary, most_places));
    return places * places * sizeof(double) + places * (set_arrays * sizeof(double) + set_int_arrays * sizeof(std::int32_t)) +
           static_cast<std::size_t>(dictionary.size) * (sizeof(double) + 1) +
           static_cast<std::size_t>(dictionary.ld) * sizeof(double);
  }
  static std::int64_t groups(const DeviceDictionary<Engine>& dictionary, std::int64_t most_places, std::size_t more = 0) {
    // Each part by itself, so that both together never take more than cost() and `more`.
    const std::size_t one = group_cost(dictionary, most_places);
    const auto accounted = std::clamp<std::int64_t>(static_cast<std::int64_t>(budget / one), 1, most_groups);
    return std::min<std::int64_t>(accounted + static_cast<std::int64_t>(more / one), most_groups);
  }

  ExactArgs args(const RowsView& rows) const {
    ExactArgs a;
    a.atoms = atoms_;
    a.problem = problem_;
    a.rows = rows;
    a.capacity = static_cast<int>(capacity_);
    a.set_stride = capacity_;
    a.atom_stride = atoms_.size;
    a.dim_stride = atoms_.ld;
    double* doubles = set_doubles_.get();
    std::int32_t* ints = set_ints_.get();
    const auto next_doubles = [&] { return std::exchange(doubles, doubles + groups_ * capacity_); };
    const auto next_ints = [&] { return std::exchange(ints, ints + groups_ * capacity_); };
    TableauMemory<double>& t = a.first.tableau;
    a.first.matrix = matrix_.get();
    t.value = next_doubles();
    t.diagonal = next_doubles();
    t.factor = next_doubles();
    t.row = next_doubles();
    a.first.gram = next_doubles();
    a.first.slacks = next_doubles();
    t.atom = next_ints();
    t.in_support = next_ints();
    t.exchanges = next_ints();
    a.first.kept = next_ints();
    a.first.residual = residual_.get();
    a.first.correlations = correlations_.get();
    a.first.member = member_.get();
    return a;
  }

  Engine& device_;
  AtomsView atoms_;
  ProblemView problem_;
  std::int64_t groups_;
  std::int64_t capacity_;
  DeviceBuffer<double, Engine> matrix_;
  DeviceBuffer<double, Engine> set_doubles_;
  DeviceBuffer<std::int32_t, Engine> set_ints_;
  DeviceBuffer<double, Engine> correlations_;
  DeviceBuffer<std::uint8_t, Engine> member_;
  DeviceBuffer<double, Engine> residual_;
  DeviceBuffer<double, Engine> certified_residuals_;
};

}  // namespace splice_cuda::cuda

#pragma once

/// @file dense_tile.hpp
/// What the solvers that work on the whole dictionary share: loading rows, the certificate over all atoms, handing
/// over results. A solver adds its state a row and its iterations.

#include <cstdint>
#include <memory>
#include <vector>

#include "backend/backend.hpp"
#include "cpu/certify_row.hpp"
#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

/// A row in a tile. Scaled by a power of two as load_row.hpp says; x_j = a_j w_j is the weight of the weighted atom
/// c_j / a_j.
struct DenseRow {
  enum class Phase : std::uint8_t { idle, iterating, claims, finished };
  Phase phase = Phase::idle;
  bool exhausted = false;  ///< the budget is spent: whatever the certificate says is final
  std::int64_t row = 0;
  int exponent = 0;
  double lambda = 0;
  double z_dot_z = 0;
  AlignedArray<float> z;  ///< [ld]
  AlignedArray<float> r;  ///< [ld] z - C'w
  AlignedArray<float> x;  ///< [size]
  /// What the certificate is asked about next: x, or the minimiser on its support.
  std::vector<std::int32_t> code_atoms;
  std::vector<float> code_weights;
  AlignedArray<float> code_r;  ///< [ld] residual of that code
  RowReport report;
};

class DenseTile : public TileSolver {
 public:
  DenseTile(const CpuDictionary& dictionary, const Problem& problem, std::int64_t rows);

  std::int64_t capacity() const override { return static_cast<std::int64_t>(slots_.size()); }
  std::int64_t occupied() const override { return occupied_; }
  void prepare(std::int64_t first_row, std::int64_t count) override;
  void certify() override;
  void compact(RowSink& sink) override;

 protected:
  /// Row i of the tile was loaded (x = 0 or the warm start, r its residual): set up the solver's own state.
  virtual void start_row(std::size_t i) = 0;

  /// Slots whose rows are still iterating.
  std::vector<std::size_t> iterating() const;
  /// r = z - C'w from the non-zeros of x.
  void update_residual(DenseRow& slot);
  /// The row's x as its code.
  void write_code(DenseRow& slot);
  /// The same, and then the minimiser on its support in place of x ("relax", arXiv 2110.07281): first-order methods
  /// find the support long before its weights. Supports of more than 256 atoms are left as they are.
  void write_relaxed_code(DenseRow& slot);
  /// A cheap test whether the code's certificate may succeed, from float32 correlations <c_j, code_r>.
  bool looks_solved(const DenseRow& slot, const float* correlations) const;
  /// Hands the code to the certificate; its word is final if the budget is exhausted.
  static void claim(DenseRow& slot, bool exhausted);
  float inverse_weight(std::int64_t atom) const {
    return problem_.solver_inverse_weights[static_cast<std::size_t>(atom)];
  }

  const CpuDictionary& dictionary_;
  const Problem& problem_;
  std::vector<DenseRow> slots_;

 private:
  void load(std::size_t i, std::int64_t row);
  /// x from the warm start, as far as the problem allows its weights.
  void load_warm_start(DenseRow& slot) const;
  /// P(x) from x and r.
  double objective(const DenseRow& slot) const;

  std::int64_t occupied_ = 0;
  CertifyScratch certify_scratch_;
  std::vector<std::int32_t> atoms_;
  std::vector<float> weights_;
};

/// Memory of a tile whose solver keeps `atom_vectors` more vectors of length p and `dim_vectors` more of length d a row.
TileCost dense_tile_cost(const CpuDictionary& dictionary, std::size_t atom_vectors,
                         std::size_t dim_vectors);

/// Largest eigenvalue of the weighted atoms' C'C (core/power_iteration.hpp).
double largest_eigenvalue(const CpuDictionary& dictionary, const Problem& problem);

}  // namespace splice_cuda::cpu

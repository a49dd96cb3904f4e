#pragma once

/// @file dense_tile.hpp
/// What the solvers that work on the whole dictionary share on a device (src/cpu/dense_tile.hpp is the CPU's): a tile of
/// rows that iterate in step, tested every few iterations; rows that are done no longer take part. Between tests nothing
/// waits for the device. A solver adds its state a row and its iteration.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "device_buffer.hpp"
#include "device_dictionary.hpp"
#include "device_problem.hpp"
#include "exact_stage.hpp"
#include "kernels/certify_exactly.hpp"
#include "kernels/list_active.hpp"
#include "kernels/start_dense.hpp"
#include "kernels/test_dense.hpp"
#include "kernels/views.hpp"
#include "row_buffers.hpp"

namespace splice_cuda::cuda {

/// Rows of one product by the library. It picks an algorithm, and with it the order of sums, by the shape of a product: so
/// that a row's bits do not depend on how many others there are, all products have this shape. Enough rows for that
/// C'q with d = 512 occupies half of an H100's multiprocessors.
inline constexpr std::int64_t rows_a_product = 512;

inline std::int64_t padded_rows(std::int64_t rows) { return (rows + rows_a_product - 1) / rows_a_product * rows_a_product; }

template <class Engine>
class DenseTile : public TileSolver {
 public:
  /// A tile takes rows only when it is empty: its rows iterate in step.
  std::int64_t capacity() const override { return occupied_ > 0 ? occupied_ : capacity_; }
  std::int64_t occupied() const override { return occupied_; }

  void prepare(std::int64_t first_row, std::int64_t count) override {
    // No lambda is left to fp64 here.
    rows_.load(problem_, first_row, count, {-1, std::numeric_limits<double>::infinity()});
    occupied_ = count;
    iterations_ = 0;
    device_.clear(vectors_.get(), vectors_.bytes());
    device_.clear(products_.get(), products_.bytes());
    device_.template launch<StartDenseKernel>(count, {atoms_, device_problem_.view(), rows_.view(), dense_});
    list_active(nullptr);
    if (active_ > 0) start();
  }

  /// The product with the dictionary is part of every iteration.
  void screen() override {}

  void solve() override {
    const std::int32_t last = std::min(iterations_ + test_period_, problem_.solve.max_iterations);
    if (active_ == 0) return;
    for (; iterations_ < last; ++iterations_) iterate();
    device_.template launch<WriteDenseCodeKernel>(active_, args());
    relaxing_.relax(rows_.view(), relaxes_.get());
    device_.template launch<CodeResidualKernel>(active_, args());
    correlate();
    device_.template launch<TestGapKernel>(active_, args());
    relaxing_.relax(rows_.view(), relaxes_.get());  // of the rows that claim, those that were not relaxed
  }

  void certify() override {
    CertifyExactlyKernel::Args claims{atoms_, device_problem_.view(), rows_.view(), residuals_.get(),
                                      problem_.solve.max_iterations};
    device_.template launch<CertifyExactlyKernel>(rows_.view().count, claims, certify_groups_);
    take_stock(list_active(figure()));
  }

  void compact(RowSink& sink) override {
    if (active_ > 0) return;
    if (refits_) refits_->refit(rows_.view());
    rows_.deliver(problem_, sink);
    occupied_ = 0;
  }

 protected:
  DenseTile(Engine& device, const DeviceDictionary<Engine>& dictionary, const Problem& problem, std::int64_t rows,
            std::int32_t test_period)
      : device_(device),
        atoms_(dictionary.view()),
        problem_(problem),
        device_problem_(device, dictionary, problem),
        capacity_(rows),
        test_period_(test_period),
        rows_(device, rows, dictionary.ld, dictionary.size, false),
        relaxing_(device, dictionary, device_problem_.view(), largest_relaxed_support, rows),
        certify_groups_(std::min(rows, most_certify_groups)),
        residuals_(device, certify_groups_ * dictionary.ld),
        active_rows_(device, rows),
        found_(device, 1),
        vectors_(device, padded_rows(rows) * dictionary.ld),
        products_(device, padded_rows(rows) * dictionary.size),
        x_(device, rows * dictionary.size),
        seen_(device, rows),
        relaxed_(device, rows),
        relaxes_(device, rows) {
    if (problem.refit) {
      refits_ =
          std::make_unique<ExactStage<Engine>>(device, dictionary, device_problem_.view(), Engine::unlimited, rows);
    }
    dense_.active = active_rows_.get();
    dense_.vectors = vectors_.get();
    dense_.products = products_.get();
    dense_.x = x_.get();
    dense_.seen = seen_.get();
    dense_.relaxed = relaxed_.get();
    dense_.relaxes = relaxes_.get();
    dense_.max_iterations = problem.solve.max_iterations;
  }

  /// @param atom_vectors, dim_vectors  further vectors of length p and ld a row; those with a row's place in a product
  ///                                   are padded like these
  static TileCost dense_cost(const DeviceDictionary<Engine>& dictionary, const Problem& problem, std::size_t atom_vectors,
                             std::size_t dim_vectors, std::size_t padded_dim_vectors) {
    const auto size = static_cast<std::size_t>(dictionary.size) * sizeof(float);
    const auto ld = static_cast<std::size_t>(dictionary.ld) * sizeof(float);
    constexpr std::size_t figures = 2 * sizeof(std::uint64_t) + 2 * sizeof(std::int32_t) + 32;
    // Codes of all atoms: twice in place, and once more when they are handed over.
    const std::size_t packed = static_cast<std::size_t>(dictionary.size) * 8;
    TileCost cost;
    cost.fixed_bytes = DeviceProblem<Engine>::cost(dictionary) +
                       ExactStage<Engine>::cost(dictionary, largest_relaxed_support) +
                       (problem.refit ? ExactStage<Engine>::cost(dictionary) : 0) +
                       static_cast<std::size_t>(most_certify_groups) * 2 * ld +
                       static_cast<std::size_t>(rows_a_product - 1) * (size + (1 + padded_dim_vectors) * ld) + 65536;
    cost.row_bytes = RowBuffers<Engine>::cost(dictionary.ld, dictionary.size, false) + packed + (2 + atom_vectors) * size +
                     (1 + dim_vectors + padded_dim_vectors) * ld + figures;
    cost.preferred_rows = 2 * rows_a_product;
    return cost;
  }

  /// All active rows were loaded: set up the solver's own state.
  virtual void start() = 0;
  /// One iteration of the active rows, which counts itself in each of them.
  virtual void iterate() = 0;
  /// [rows] what take_stock is told the range of, over the active rows; may be null.
  virtual const std::int32_t* figure() const { return nullptr; }
  /// After every test: what the device told of the rows that are still active.
  virtual void take_stock(const ActiveRows&) {}

  DenseArgs args() const { return {atoms_, device_problem_.view(), rows_.view(), dense_}; }

  /// products = vectors C'.
  void correlate() {
    for_each_block([&](std::int64_t first) {
      device_.multiply_float(vectors_.get() + first * atoms_.ld, rows_a_product, atoms_.atoms, atoms_.size, atoms_.ld, true,
                             products_.get() + first * atoms_.size);
    });
  }

  /// out [active padded, ld] = products C.
  void combine(float* out) {
    for_each_block([&](std::int64_t first) {
      device_.multiply_float(products_.get() + first * atoms_.size, rows_a_product, atoms_.atoms, atoms_.ld, atoms_.size, false,
                             out + first * atoms_.ld);
    });
  }

  Engine& device_;
  const AtomsView atoms_;
  const Problem& problem_;
  DeviceProblem<Engine> device_problem_;
  std::int64_t active_ = 0;  ///< rows that are not finished

 private:
  static constexpr std::int64_t most_certify_groups = 1024;

  template <class Body>
  void for_each_block(Body body) const {
    for (std::int64_t first = 0; first < active_; first += rows_a_product) body(first);
  }

  ActiveRows list_active(const std::int32_t* figure) {
    device_.template launch<ListActiveKernel>(1, {rows_.view(), figure, active_rows_.get(), found_.get()});
    const ActiveRows found = downloaded(device_, found_.get(), 1).front();
    // Vectors of rows that have left: zeros, lest they are multiplied.
    const std::int64_t before = std::exchange(active_, found.count);
    if (before > active_) {
      device_.clear(vectors_.get() + active_ * atoms_.ld,
                    static_cast<std::size_t>((before - active_) * atoms_.ld) * sizeof(float));
    }
    return found;
  }

  std::int64_t capacity_;
  std::int64_t occupied_ = 0;
  std::int32_t test_period_;
  std::int32_t iterations_ = 0;
  RowBuffers<Engine> rows_;
  ExactStage<Engine> relaxing_;
  std::unique_ptr<ExactStage<Engine>> refits_;
  std::int64_t certify_groups_;
  DeviceBuffer<double, Engine> residuals_;  ///< [certify_groups, ld]
  DeviceBuffer<std::int32_t, Engine> active_rows_;
  DeviceBuffer<ActiveRows, Engine> found_;
  DeviceBuffer<float, Engine> vectors_;
  DeviceBuffer<float, Engine> products_;
  DeviceBuffer<float, Engine> x_;
  DeviceBuffer<std::uint64_t, Engine> seen_;
  DeviceBuffer<std::uint64_t, Engine> relaxed_;
  DeviceBuffer<std::int32_t, Engine> relaxes_;
  DenseView dense_;

 protected:
  const DenseView& dense() const { return dense_; }
  const RowsView& rows() const { return rows_.view(); }
};

}  // namespace splice_cuda::cuda

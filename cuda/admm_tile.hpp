#pragma once

/// @file admm_tile.hpp
/// ADMM on a device (core/admm_math.hpp). An iteration is two products with all atoms, by the library, between them one with
/// a d x d inverse that the CPU makes (cpu/admm_factors.hpp), and a step of every row by its own block.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "cpu/admm_factors.hpp"
#include "dense_tile.hpp"
#include "kernels/admm_step.hpp"

namespace splice_cuda::cuda {

/// Atoms as the device has them, block by block.
template <class Engine>
cpu::AdmmFactors::AtomReader reader_of(Engine& device, const AtomsView& atoms) {
  return [&device, atoms, rows = std::vector<float>()](std::int64_t first, std::int64_t count) mutable {
    rows = downloaded(device, atoms.atoms + first * atoms.ld, count * atoms.ld);
    return static_cast<const float*>(rows.data());
  };
}

template <class Engine>
class AdmmTile final : public DenseTile<Engine> {
  using Base = DenseTile<Engine>;

 public:
  AdmmTile(Engine& device, const DeviceDictionary<Engine>& dictionary, const Problem& problem, std::int64_t rows)
      : Base(device, dictionary, problem, rows, math::admm_test_period),
        factors_(dictionary.size, dictionary.dim, dictionary.ld, reader_of(device, dictionary.view()), problem),
        u_(device, rows * dictionary.size),
        z_products_(device, rows * dictionary.size),
        combined_(device, padded_rows(rows) * dictionary.ld),
        rung_(device, rows) {
    admm_.u = u_.get();
    admm_.z_products = z_products_.get();
    admm_.rung = rung_.get();
    admm_.combined = combined_.get();
    admm_.rho = factors_.rho(0);
    admm_.over_relaxation = static_cast<float>(problem.solve.over_relaxation);
    use_rung(0);
  }

  static TileCost cost(const DeviceDictionary<Engine>& dictionary, const Problem& problem) {
    TileCost cost = Base::dense_cost(dictionary, problem, 2, 0, 1);
    cost.fixed_bytes += static_cast<std::size_t>(admm_rungs * dictionary.dim * dictionary.ld) * sizeof(float);
    return cost;
  }

 protected:
  void start() override {
    load(this->rows().z);
    this->device_.template launch<StartAdmmKernel>(this->active_, args());
    if (this->problem_.warm_start == nullptr) return;
    load(this->rows().r);
    this->device_.template launch<StartMultipliersKernel>(this->active_, args());
  }

  void iterate() override {
    this->device_.template launch<AdmmRightSideKernel>(this->active_, args());
    this->combine(combined_.get());
    this->device_.template launch<ApplyInverseKernel>(this->active_, args());
    this->correlate();
    this->device_.template launch<AdmmStepKernel>(this->active_, args());
  }

  const std::int32_t* figure() const override { return rung_.get(); }

  /// Rows move by one rung a period.
  void take_stock(const ActiveRows& found) override {
    const int lowest = std::max(found.lowest, -math::most_rungs);
    for (int rung = lowest; rung <= std::min(found.highest, math::most_rungs); ++rung) use_rung(rung);
  }

 private:
  AdmmArgs args() const { return {Base::args(), admm_}; }

  /// products = rows of `from` with all atoms.
  void load(const float* from) {
    this->device_.template launch<LoadVectorKernel>(this->active_, {this->dense(), from, this->atoms_.ld});
    this->correlate();
  }

  void use_rung(int rung) {
    const auto at = static_cast<std::size_t>(rung + math::most_rungs);
    if (admm_.inverses[at] != nullptr) return;
    inverses_[at] = uploaded(this->device_, factors_.inverse(rung), this->atoms_.dim * this->atoms_.ld);
    admm_.inverses[at] = inverses_[at].get();
  }

  cpu::AdmmFactors factors_;
  DeviceBuffer<float, Engine> u_;
  DeviceBuffer<float, Engine> z_products_;
  DeviceBuffer<float, Engine> combined_;
  DeviceBuffer<std::int32_t, Engine> rung_;
  std::array<DeviceBuffer<float, Engine>, admm_rungs> inverses_;
  AdmmView admm_;
};

}  // namespace splice_cuda::cuda

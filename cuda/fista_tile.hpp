#pragma once

/// @file fista_tile.hpp
/// FISTA on a device (core/fista_math.hpp). An iteration is one product with all atoms, by the library, and a step of every
/// row by its own block.

#include <cstdint>
#include <span>
#include <vector>

#include "core/power_iteration.hpp"
#include "dense_tile.hpp"
#include "kernels/fista_step.hpp"
#include "kernels/square_weights.hpp"

namespace splice_cuda::cuda {

/// Largest eigenvalue of the weighted atoms' C'C (core/power_iteration.hpp), by the products that iterations are made of.
template <class Engine>
double largest_eigenvalue(Engine& device, const AtomsView& atoms, const ProblemView& problem) {
  const DeviceBuffer<float, Engine> vectors(device, rows_a_product * atoms.ld);
  const DeviceBuffer<float, Engine> products(device, rows_a_product * atoms.size);
  device.clear(vectors.get(), vectors.bytes());
  std::vector<float> v(static_cast<std::size_t>(atoms.dim));
  const std::size_t bytes = v.size() * sizeof(float);
  return power_iteration(v, [&] {
    device.upload(vectors.get(), v.data(), bytes);
    device.multiply_float(vectors.get(), rows_a_product, atoms.atoms, atoms.size, atoms.ld, true, products.get());
    device.template launch<SquareWeightsKernel>((atoms.size + 255) / 256, {problem, atoms.size, products.get()});
    device.multiply_float(products.get(), rows_a_product, atoms.atoms, atoms.ld, atoms.size, false, vectors.get());
    device.download(v.data(), vectors.get(), bytes);
    device.synchronize();
  });
}

template <class Engine>
class FistaTile final : public DenseTile<Engine> {
  using Base = DenseTile<Engine>;

 public:
  FistaTile(Engine& device, const DeviceDictionary<Engine>& dictionary, const Problem& problem, std::int64_t rows)
      : Base(device, dictionary, problem, rows, math::fista_test_period),
        first_step_(
            static_cast<float>(1.0 / largest_eigenvalue(device, dictionary.view(), this->device_problem_.view()))),
        previous_x_(device, rows * dictionary.size),
        previous_r_(device, rows * dictionary.ld),
        t_(device, rows),
        beta_(device, rows),
        step_(device, rows) {}

  static TileCost cost(const DeviceDictionary<Engine>& dictionary, const Problem& problem) {
    TileCost cost = Base::dense_cost(dictionary, problem, 1, 1, 0);
    // The power iteration's.
    cost.fixed_bytes += static_cast<std::size_t>(rows_a_product * (dictionary.size + dictionary.ld)) * sizeof(float);
    return cost;
  }

 protected:
  void start() override { this->device_.template launch<StartFistaKernel>(this->active_, args()); }

  void iterate() override {
    this->device_.template launch<ExtrapolateKernel>(this->active_, args());
    this->correlate();
    this->device_.template launch<FistaStepKernel>(this->active_, args());
  }

 private:
  FistaArgs args() const {
    return {Base::args(), {previous_x_.get(), previous_r_.get(), t_.get(), beta_.get(), step_.get()}, first_step_};
  }

  float first_step_;
  DeviceBuffer<float, Engine> previous_x_;
  DeviceBuffer<float, Engine> previous_r_;
  DeviceBuffer<double, Engine> t_;
  DeviceBuffer<float, Engine> beta_;
  DeviceBuffer<float, Engine> step_;
};

}  // namespace splice_cuda::cuda

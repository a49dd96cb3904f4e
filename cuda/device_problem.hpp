#pragma once

/// @file device_problem.hpp
/// The problem of a call in a device's memory.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/problem.hpp"
#include "cpu/problem_scales.hpp"
#include "device_buffer.hpp"
#include "device_dictionary.hpp"
#include "kernels/views.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class DeviceProblem {
 public:
  DeviceProblem(Engine& device, const DeviceDictionary<Engine>& dictionary, const Problem& problem)
      : solver_inverse_(uploaded(device, problem.solver_inverse_weights.data(), dictionary.size)),
        inverse_(uploaded(device, problem.inverse_weights.data(), dictionary.size)) {
    const cpu::ProblemScales scales = cpu::make_problem_scales(
        {dictionary.scale, dictionary.error, dictionary.norm, dictionary.padded_size}, problem);
    screen_weights_ = uploaded(device, scales.screen_weights.get(), dictionary.padded_size);
    screen_error_ = uploaded(device, scales.screen_error.get(), dictionary.padded_size);
    view_.solver_inverse = solver_inverse_.get();
    view_.inverse = inverse_.get();
    view_.screen_weights = screen_weights_.get();
    view_.screen_error = screen_error_.get();
    view_.atom_norm = scales.atom_norm;
    for (std::size_t j = 0; j < dictionary.norm.size(); ++j) {
      const double norm = static_cast<double>(dictionary.norm[j]) * problem.inverse_weights[j];
      view_.certificate_norm = std::max(view_.certificate_norm, static_cast<float>(norm * (1 + 1e-6)));
    }
    view_.nonnegative = problem.nonnegative;
    view_.gap_tolerance = problem.solve.gap_tolerance;
    view_.max_rounds = problem.solve.max_rounds;
  }

  const ProblemView& view() const { return view_; }

  /// Bytes of device memory.
  static std::size_t cost(const DeviceDictionary<Engine>& dictionary) {
    return static_cast<std::size_t>(dictionary.padded_size) * (3 * sizeof(float) + sizeof(double));
  }

 private:
  DeviceBuffer<float, Engine> solver_inverse_;
  DeviceBuffer<double, Engine> inverse_;
  DeviceBuffer<float, Engine> screen_weights_;
  DeviceBuffer<float, Engine> screen_error_;
  ProblemView view_;
};

}  // namespace splice_cuda::cuda

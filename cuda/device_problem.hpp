#pragma once

/// @file device_problem.hpp
/// The problem of a call in a device's memory.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "core/problem.hpp"
#include "cpu/problem_scales.hpp"
#include "device_buffer.hpp"
#include "device_dictionary.hpp"
#include "kernels/views.hpp"

namespace splice_cuda::cuda {

/// Remainders of atoms are scaled by weights, and err by rounding, as int8 copies do.
/// @param figures  of the remainders, with the atoms' norms
inline std::vector<RemainderScale> remainder_scales(const cpu::AtomFigures& figures, const Problem& problem) {
  const cpu::ProblemScales scales = cpu::make_problem_scales(figures, problem);
  std::vector<RemainderScale> remainder(figures.scale.size());
  for (std::size_t j = 0; j < remainder.size(); ++j) remainder[j] = {scales.screen_weights[j], scales.screen_error[j]};
  return remainder;
}

/// All its arrays lie in one piece of memory: they come by one copy, which the host waits for, and not by five.
template <class Engine>
class DeviceProblem {
 public:
  DeviceProblem(Engine& device, const DeviceDictionary<Engine>& dictionary, const Problem& problem) {
    const cpu::ProblemScales scales = cpu::make_problem_scales(
        {dictionary.scale, dictionary.error, dictionary.norm, dictionary.padded_size}, problem);
    std::vector<unsigned char> packed(cost(dictionary));
    arrays_ = DeviceBuffer<unsigned char, Engine>(device, static_cast<std::int64_t>(packed.size()));
    std::size_t used = 0;
    const auto pack = [&]<class T>(const T* values, std::int64_t count) {
      std::memcpy(packed.data() + used, values, static_cast<std::size_t>(count) * sizeof(T));
      return reinterpret_cast<const T*>(arrays_.get() + std::exchange(used, used + place_of<T>(dictionary)));
    };
    view_.inverse = pack(problem.inverse_weights.data(), dictionary.size);
    view_.solver_inverse = pack(problem.solver_inverse_weights.data(), dictionary.size);
    view_.screen_weights = pack(scales.screen_weights.get(), dictionary.padded_size);
    view_.screen_error = pack(scales.screen_error.get(), dictionary.padded_size);
    const std::vector<RemainderScale> remainder = remainder_scales(
        {dictionary.remainder_scale, dictionary.remainder_error, dictionary.norm, dictionary.padded_size}, problem);
    view_.remainder = pack(remainder.data(), dictionary.size);
    device.upload(arrays_.get(), packed.data(), packed.size());
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
    return place_of<double>(dictionary) + 3 * place_of<float>(dictionary) + place_of<RemainderScale>(dictionary);
  }

 private:
  /// Of one array, such that the next one begins where copies and kernels want it to.
  template <class T>
  static std::size_t place_of(const DeviceDictionary<Engine>& dictionary) {
    constexpr std::size_t alignment = 256;
    return (static_cast<std::size_t>(dictionary.padded_size) * sizeof(T) + alignment - 1) / alignment * alignment;
  }

  DeviceBuffer<unsigned char, Engine> arrays_;
  ProblemView view_;
};

}  // namespace splice_cuda::cuda

#pragma once

/// @file cpu_problem.hpp
/// Small random dictionaries and rows in the form that the CPU kernels take.

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::testing {

/// Gaussian numbers, the same on every run.
inline std::vector<float> gaussian(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

/// Atoms of about unit norm.
inline std::shared_ptr<const cpu::CpuDictionary> random_dictionary(std::int64_t atoms, std::int64_t dim,
                                                                   unsigned seed) {
  std::vector<float> values = gaussian(static_cast<std::size_t>(atoms * dim), seed);
  for (float& value : values) value /= std::sqrt(static_cast<float>(dim));
  return cpu::make_cpu_dictionary({MatrixView<const float>{values.data(), atoms, dim}});
}

/// [ld] with zeros behind `dim`.
inline std::vector<float> random_row(std::int64_t dim, std::int64_t ld, unsigned seed) {
  std::vector<float> row = gaussian(static_cast<std::size_t>(dim), seed);
  row.resize(static_cast<std::size_t>(ld), 0.0f);
  return row;
}

inline double dot(const float* a, const float* b, std::int64_t size) {
  double sum = 0;
  for (std::int64_t k = 0; k < size; ++k) {
    sum += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  }
  return sum;
}

}  // namespace splice_cuda::testing

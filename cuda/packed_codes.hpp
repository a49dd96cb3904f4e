#pragma once

/// @file packed_codes.hpp
/// A tile's codes side by side in device memory.

#include <cstdint>

#include "device_buffer.hpp"

namespace splice_cuda::cuda {

/// Entries in CSR; the offsets lie elsewhere.
template <class Engine>
struct PackedCodes {
  std::int64_t rows = 0;
  DeviceBuffer<std::int32_t, Engine> atoms;
  DeviceBuffer<float, Engine> values;
  std::int64_t nnz() const { return atoms.count(); }
};

}  // namespace splice_cuda::cuda

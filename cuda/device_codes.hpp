#pragma once

/// @file device_codes.hpp
/// Rows of given codes in a device's memory, as CSR that begins at 0.

#include <cstdint>
#include <vector>

#include "device_buffer.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cuda {

template <class Engine>
struct DeviceCodes {
  std::int64_t nnz = 0;
  DeviceBuffer<std::int64_t, Engine> offsets;  ///< [rows + 1]
  DeviceBuffer<std::int32_t, Engine> atoms;    ///< [nnz]
  DeviceBuffer<float, Engine> weights;         ///< [nnz]

  DeviceCodes(Engine& device, const SparseCodes& codes, std::int64_t first, std::int64_t rows) {
    const auto from = codes.row_offsets.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<std::int64_t> own(from, from + static_cast<std::ptrdiff_t>(rows + 1));
    const std::int64_t start = own.front();
    for (std::int64_t& offset : own) offset -= start;
    nnz = own.back();
    offsets = uploaded(device, own.data(), rows + 1);
    atoms = uploaded(device, codes.atom_indices.data() + start, nnz);
    weights = uploaded(device, codes.values.data() + start, nnz);
  }
};

}  // namespace splice_cuda::cuda

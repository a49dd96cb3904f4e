#pragma once

/// @file device_codes.hpp
/// Rows of given codes in a device's memory, as CSR that begins at 0.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "device_buffer.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::cuda {

/// How many of rows [first, first + count) have at most `most` entries together; one row where it has more by itself.
inline std::int64_t rows_with_entries(const SparseCodes& codes, std::int64_t first, std::int64_t count, std::int64_t most) {
  const std::int64_t* from = codes.row_offsets.data() + first;
  const std::int64_t* beyond = std::upper_bound(from + 1, from + count + 1, from[0] + most);
  return std::max<std::int64_t>(1, beyond - (from + 1));
}

/// @tparam Offset  wide enough for the entries of these rows: the caller sees to it
template <class Offset, class Engine>
struct DeviceCodes {
  std::int64_t nnz = 0;
  DeviceBuffer<Offset, Engine> offsets;      ///< [rows + 1]
  DeviceBuffer<std::int32_t, Engine> atoms;  ///< [nnz]
  DeviceBuffer<float, Engine> weights;       ///< [nnz]

  DeviceCodes(Engine& device, const SparseCodes& codes, std::int64_t first, std::int64_t rows) {
    const std::int64_t* from = codes.row_offsets.data() + first;
    const std::int64_t start = from[0];
    nnz = from[rows] - start;
    std::vector<Offset> own;
    own.reserve(static_cast<std::size_t>(rows + 1));
    for (std::int64_t i = 0; i <= rows; ++i) own.push_back(static_cast<Offset>(from[i] - start));
    offsets = uploaded(device, own.data(), rows + 1);
    atoms = uploaded(device, codes.atom_indices.data() + start, nnz);
    weights = uploaded(device, codes.values.data() + start, nnz);
  }
};

}  // namespace splice_cuda::cuda

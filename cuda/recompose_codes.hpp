#pragma once

/// @file recompose_codes.hpp
/// `Backend::recompose` on a device: products of sparse and dense matrices by the library.

#include <cstddef>
#include <cstdint>
#include <limits>

#include "device_buffer.hpp"
#include "device_codes.hpp"
#include "device_dictionary.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cuda {

/// Entries of one product: its offsets are of 32 bits.
inline constexpr std::int64_t most_sparse_entries = std::numeric_limits<std::int32_t>::max();

/// Rows whose entries one product holds.
template <class Engine>
void recompose_rows(Engine& device, const DeviceDictionary<Engine>& dictionary, const SparseCodes& codes,
                    std::int64_t first, std::int64_t count, MatrixView<float> reconstruction) {
  const std::int64_t dim = dictionary.dim;
  const DeviceCodes<std::int32_t, Engine> device_codes(device, codes, first, count);
  const bool in_place = reconstruction.device == device.device() && device_codes.nnz > 0;
  DeviceBuffer<float, Engine> rows;
  if (!in_place) rows = DeviceBuffer<float, Engine>(device, count * dim);
  if (device_codes.nnz == 0) {
    device.clear(rows.get(), rows.bytes());  // nothing that the library would have to be asked for
  } else {
    device.multiply_sparse({count, dictionary.size, device_codes.nnz, device_codes.offsets.get(), device_codes.atoms.get(),
                            device_codes.weights.get()},
                           dictionary.atoms.get(), dictionary.ld, dim, in_place ? reconstruction.data : rows.get(),
                           in_place ? reconstruction.ld : dim);
  }
  if (!in_place) {
    const std::size_t row_bytes = static_cast<std::size_t>(dim) * sizeof(float);
    device.copy_rows(reconstruction.data, static_cast<std::size_t>(reconstruction.ld) * sizeof(float), rows.get(), row_bytes,
                     row_bytes, count);
  }
  device.synchronize();
}

/// reconstruction [count, d] = W C for rows [first, first + count); it lies on the host or on this device.
/// @param most_entries  of one product: dense codes over a huge dictionary are multiplied in parts. A row always fits, as
///                      dictionaries have fewer than 2^31 atoms
template <class Engine>
void recompose_codes(Engine& device, const DeviceDictionary<Engine>& dictionary, const SparseCodes& codes,
                     std::int64_t first, std::int64_t count, MatrixView<float> reconstruction,
                     std::int64_t most_entries = most_sparse_entries) {
  for (std::int64_t done = 0; done < count;) {
    const std::int64_t rows = rows_with_entries(codes, first + done, count - done, most_entries);
    recompose_rows(device, dictionary, codes, first + done, rows, reconstruction.slice(done, rows));
    done += rows;
  }
}

}  // namespace splice_cuda::cuda

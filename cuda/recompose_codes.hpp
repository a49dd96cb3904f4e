#pragma once

/// @file recompose_codes.hpp
/// `Backend::recompose` on a device: a product of sparse and dense matrices by the library.

#include <cstdint>

#include "device_buffer.hpp"
#include "device_codes.hpp"
#include "device_dictionary.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cuda {

/// reconstruction [count, d] = W C for rows [first, first + count); it lies on the host or on this device.
template <class Engine>
void recompose_codes(Engine& device, const DeviceDictionary<Engine>& dictionary, const SparseCodes& codes,
                     std::int64_t first, std::int64_t count, MatrixView<float> reconstruction) {
  if (count == 0) return;
  const std::int64_t dim = dictionary.dim;
  const DeviceCodes<Engine> device_codes(device, codes, first, count);
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

}  // namespace splice_cuda::cuda

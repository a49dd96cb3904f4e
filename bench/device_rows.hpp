#pragma once

/// @file device_rows.hpp
/// Embeddings in a device's memory, for timings without the way there.

#include <cstdint>
#include <memory>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::bench {

/// A copy of rows that lie on the host.
class DeviceRows {
 public:
  /// @throws DeviceError where the copy cannot be made; in a build without CUDA always
  DeviceRows(Device device, const MatrixView<const float>& rows);

  MatrixView<const float> view(std::int64_t count) const { return all_.slice(0, count); }

 private:
  std::shared_ptr<void> memory_;
  MatrixView<const float> all_;
};

}  // namespace splice_cuda::bench

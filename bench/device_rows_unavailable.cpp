// In builds without CUDA.

#include "device_rows.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::bench {

DeviceRows::DeviceRows(Device device, const MatrixView<const float>&) {
  throw DeviceError("--rows-in device: got " + to_string(device) + ", expected host: this program is built without CUDA");
}

}  // namespace splice_cuda::bench

#include "device_rows.hpp"

#include <string>

#include <cuda_runtime_api.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::bench {
namespace {

void check(cudaError_t status, const char* call) {
  if (status != cudaSuccess) throw DeviceError(std::string(call) + ": " + cudaGetErrorString(status));
}

}  // namespace

DeviceRows::DeviceRows(Device device, const MatrixView<const float>& rows) {
  check(cudaSetDevice(device.index), "cudaSetDevice");
  void* memory = nullptr;
  const auto row_bytes = static_cast<std::size_t>(rows.cols) * sizeof(float);
  check(cudaMalloc(&memory, row_bytes * static_cast<std::size_t>(rows.rows)), "cudaMalloc");
  memory_ = std::shared_ptr<void>(memory, [](void* pointer) { cudaFree(pointer); });
  check(cudaMemcpy2D(memory, row_bytes, rows.data, static_cast<std::size_t>(rows.ld) * sizeof(float), row_bytes,
                     static_cast<std::size_t>(rows.rows), cudaMemcpyHostToDevice),
        "cudaMemcpy2D");
  all_ = {static_cast<const float*>(memory), rows.rows, rows.cols, rows.cols, device};
}

}  // namespace splice_cuda::bench

#pragma once

/// @file cuda_error.hpp
/// CUDA statuses as exceptions that name the call.

#include <cuda_runtime_api.h>

#include <string>

#include "splice_cuda/error.hpp"

namespace splice_cuda {

/// @throws DeviceError "cudaX: text (code)" unless `status` is cudaSuccess.
inline void check_cuda(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  throw DeviceError(std::string(call) + ": " + cudaGetErrorString(status) + " (" +
                    std::to_string(static_cast<int>(status)) + ")");
}

}  // namespace splice_cuda

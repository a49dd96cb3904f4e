#pragma once

/// @file cuda_error.hpp
/// Statuses of CUDA and its libraries as exceptions that name the call.

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cusparse.h>

namespace splice_cuda::cuda {

/// @throws OutOfMemoryError for cudaErrorMemoryAllocation; DeviceError "call: text (code)" for anything else but success,
/// which also says when the error is sticky: the device's context is then lost to this process.
void check(cudaError_t status, const char* call);
void check(cublasStatus_t status, const char* call);
void check(cusparseStatus_t status, const char* call);

/// A failure that nobody can do anything about: the runtime is not to tell the next call of it.
void ignore(cudaError_t status) noexcept;

/// Whether an error stays: every later call in this process fails too.
bool is_sticky(cudaError_t status) noexcept;

}  // namespace splice_cuda::cuda

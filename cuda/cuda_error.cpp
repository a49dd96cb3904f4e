#include "cuda_error.hpp"

#include <string>

#include "cublaslt.hpp"
#include "cusparse.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cuda {
namespace {

std::string message(const char* call, const char* text, int code) {
  return std::string(call) + ": " + text + " (" + std::to_string(code) + ")";
}

}  // namespace

bool is_sticky(cudaError_t status) noexcept {
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorHardwareStackError:
    case cudaErrorAssert:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained: return true;
    default: return false;
  }
}

void ignore(cudaError_t status) noexcept {
  if (status != cudaSuccess) static_cast<void>(cudaGetLastError());
}

void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  // The runtime repeats the last error at the next call that asks: what is told here is not told again.
  static_cast<void>(cudaGetLastError());
  std::string text = message(call, cudaGetErrorString(status), static_cast<int>(status));
  if (status == cudaErrorMemoryAllocation) throw OutOfMemoryError(text);
  if (is_sticky(status)) text += "; the device can't be used by this process any more, a new one may";
  throw DeviceError(text);
}

void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const std::string text = message(call, CublasLt::get().GetStatusString(status), static_cast<int>(status));
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw OutOfMemoryError(text);
  throw DeviceError(text);
}

void check(cusparseStatus_t status, const char* call) {
  if (status == CUSPARSE_STATUS_SUCCESS) return;
  const std::string text = message(call, Cusparse::get().GetErrorString(status), static_cast<int>(status));
  if (status == CUSPARSE_STATUS_ALLOC_FAILED || status == CUSPARSE_STATUS_INSUFFICIENT_RESOURCES) {
    throw OutOfMemoryError(text);
  }
  throw DeviceError(text);
}

}  // namespace splice_cuda::cuda

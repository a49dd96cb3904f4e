// Statuses of CUDA and its libraries as exceptions. Needs no device: statuses are plain numbers.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capability.hpp"
#include "cuda_error.hpp"
#include "io/thrown_message.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Code made for 7.5 alone runs on newer devices, translated, but its fused screening is empty.
TEST(Capability, TensorProductsNeedTheDeviceAndTheCode) {
  EXPECT_TRUE(cuda::kernels_have_tensor_products(8, 80));
  EXPECT_TRUE(cuda::kernels_have_tensor_products(12, 120));
  EXPECT_FALSE(cuda::kernels_have_tensor_products(9, 75));
  EXPECT_FALSE(cuda::kernels_have_tensor_products(7, 75));
  EXPECT_FALSE(cuda::is_usable(7, 2));
  EXPECT_TRUE(cuda::is_usable(7, 5));
}

TEST(CudaErrors, SuccessIsNone) {
  cuda::check(cudaSuccess, "call");
  cuda::check(CUBLAS_STATUS_SUCCESS, "call");
  cuda::check(CUSPARSE_STATUS_SUCCESS, "call");
}

TEST(CudaErrors, MemoryThatRanOut) {
  const std::string message = thrown_message<OutOfMemoryError>([] { cuda::check(cudaErrorMemoryAllocation, "cudaMallocAsync"); });
  EXPECT_EQ(message, "cudaMallocAsync: out of memory (2)");
  EXPECT_THAT(thrown_message<OutOfMemoryError>([] { cuda::check(CUBLAS_STATUS_ALLOC_FAILED, "cublasLtMatmul"); }),
              StartsWith("cublasLtMatmul: "));
  for (const cusparseStatus_t status : {CUSPARSE_STATUS_ALLOC_FAILED, CUSPARSE_STATUS_INSUFFICIENT_RESOURCES}) {
    EXPECT_THAT(thrown_message<OutOfMemoryError>([&] { cuda::check(status, "cusparseSpMM"); }), StartsWith("cusparseSpMM: "));
  }
}

TEST(CudaErrors, NameTheCallAndTheCode) {
  EXPECT_EQ(thrown_message<DeviceError>([] { cuda::check(cudaErrorInvalidValue, "cudaMemcpyAsync"); }),
            "cudaMemcpyAsync: invalid argument (1)");
  EXPECT_THAT(thrown_message<DeviceError>([] { cuda::check(CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmul"); }), HasSubstr("(15)"));
  EXPECT_THAT(thrown_message<DeviceError>([] { cuda::check(CUSPARSE_STATUS_INVALID_VALUE, "cusparseSpMM"); }), HasSubstr("(3)"));
}

/// A process can go on after the one kind of error, not after the other.
TEST(CudaErrors, ThatStaySaySo) {
  for (const cudaError_t status :
       {cudaErrorIllegalAddress, cudaErrorIllegalInstruction, cudaErrorMisalignedAddress, cudaErrorInvalidAddressSpace,
        cudaErrorInvalidPc, cudaErrorHardwareStackError, cudaErrorAssert, cudaErrorLaunchFailure, cudaErrorLaunchTimeout,
        cudaErrorECCUncorrectable, cudaErrorNvlinkUncorrectable, cudaErrorContained}) {
    EXPECT_TRUE(cuda::is_sticky(status)) << cudaGetErrorName(status);
    EXPECT_THAT(thrown_message<DeviceError>([&] { cuda::check(status, "solve_kernel"); }),
                HasSubstr("can't be used by this process any more"));
  }
  for (const cudaError_t status :
       {cudaErrorMemoryAllocation, cudaErrorInvalidValue, cudaErrorInvalidConfiguration, cudaErrorLaunchOutOfResources,
        cudaErrorNoDevice, cudaErrorInsufficientDriver, cudaErrorNotReady, cudaErrorStreamCaptureImplicit}) {
    EXPECT_FALSE(cuda::is_sticky(status)) << cudaGetErrorName(status);
  }
  EXPECT_THAT(thrown_message<DeviceError>([] { cuda::check(cudaErrorInvalidValue, "call"); }), Not(HasSubstr("any more")));
}

}  // namespace
}  // namespace splice_cuda::testing

#include "cuda_device.cuh"

#include "capability.hpp"

#include <cub/device/device_scan.cuh>
#include <cuda/std/functional>
#include <thrust/iterator/transform_iterator.h>

#include <string>
#include <utility>

#include "caller_memory.hpp"
#include "cublaslt.hpp"
#include "cusparse.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cuda {
namespace {

constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  // what cuBLASLt is recommended on Hopper

struct ToInt64 {
  __host__ __device__ std::int64_t operator()(std::int32_t value) const { return value; }
};

/// Owns one cuBLASLt description; they are plain structures that the library fills.
template <class T, auto destroy>
struct Description {
  T handle = nullptr;
  Description() = default;
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;
  ~Description() {
    if (handle != nullptr) (CublasLt::get().*destroy)(handle);
  }
};
using OperationDescription = Description<cublasLtMatmulDesc_t, &CublasLt::MatmulDescDestroy>;
using LayoutDescription = Description<cublasLtMatrixLayout_t, &CublasLt::MatrixLayoutDestroy>;
using PreferenceDescription = Description<cublasLtMatmulPreference_t, &CublasLt::MatmulPreferenceDestroy>;

/// A product of row-major matrices, c[m, n] = a[m, k] op(b), as cuBLASLt's column-major one c' = op(b)' a'.
struct Product {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  cudaDataType_t input;
  cudaDataType_t output;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  bool b_transposed;  ///< b is [n, k]
};

void multiply(cublasLtHandle_t blas, void* workspace, cudaStream_t stream, const Product& p, const void* one,
              const void* zero, const void* a, const void* b, void* c) {
  const CublasLt& lt = CublasLt::get();
  OperationDescription operation;
  check(lt.MatmulDescCreate(&operation.handle, p.compute, p.scale), "cublasLtMatmulDescCreate");
  const cublasOperation_t b_operation = p.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  check(lt.MatmulDescSetAttribute(operation.handle, CUBLASLT_MATMUL_DESC_TRANSA, &b_operation, sizeof b_operation),
        "cublasLtMatmulDescSetAttribute");
  LayoutDescription b_layout;
  LayoutDescription a_layout;
  LayoutDescription c_layout;
  const std::int64_t b_rows = p.b_transposed ? p.k : p.n;
  const std::int64_t b_cols = p.b_transposed ? p.n : p.k;
  check(lt.MatrixLayoutCreate(&b_layout.handle, p.input, static_cast<std::uint64_t>(b_rows),
                              static_cast<std::uint64_t>(b_cols), b_rows), "cublasLtMatrixLayoutCreate");
  check(lt.MatrixLayoutCreate(&a_layout.handle, p.input, static_cast<std::uint64_t>(p.k),
                              static_cast<std::uint64_t>(p.m), p.k), "cublasLtMatrixLayoutCreate");
  check(lt.MatrixLayoutCreate(&c_layout.handle, p.output, static_cast<std::uint64_t>(p.n),
                              static_cast<std::uint64_t>(p.m), p.n), "cublasLtMatrixLayoutCreate");
  PreferenceDescription preference;
  check(lt.MatmulPreferenceCreate(&preference.handle), "cublasLtMatmulPreferenceCreate");
  check(lt.MatmulPreferenceSetAttribute(preference.handle, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace_bytes,
                                        sizeof workspace_bytes), "cublasLtMatmulPreferenceSetAttribute");
  // Sums in one order: no algorithm that splits k and adds the parts up.
  const std::uint32_t no_reduction = CUBLASLT_REDUCTION_SCHEME_NONE;
  check(lt.MatmulPreferenceSetAttribute(preference.handle, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &no_reduction,
                                        sizeof no_reduction), "cublasLtMatmulPreferenceSetAttribute");
  cublasLtMatmulHeuristicResult_t found{};
  int count = 0;
  check(lt.MatmulAlgoGetHeuristic(blas, operation.handle, b_layout.handle, a_layout.handle, c_layout.handle,
                                  c_layout.handle, preference.handle, 1, &found, &count),
        "cublasLtMatmulAlgoGetHeuristic");
  if (count == 0) check(CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmulAlgoGetHeuristic");
  check(lt.Matmul(blas, operation.handle, one, b, b_layout.handle, a, a_layout.handle, zero, c, c_layout.handle, c,
                  c_layout.handle, &found.algo, workspace, workspace_bytes, stream), "cublasLtMatmul");
}

/// A pool that keeps what is given back for the next call: the default one returns it to the system at each wait.
cudaMemPool_t make_pool(int device) {
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  cudaMemPool_t pool = nullptr;
  check(cudaMemPoolCreate(&pool, &properties), "cudaMemPoolCreate");
  std::uint64_t kept = std::numeric_limits<std::uint64_t>::max();
  const cudaError_t status = cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept);
  if (status != cudaSuccess) ignore(cudaMemPoolDestroy(pool));
  check(status, "cudaMemPoolSetAttribute");
  return pool;
}

/// One by one: all properties together take the driver a thousand times as long.
int attribute_of(Device device, cudaDeviceAttr attribute) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, attribute, device.index), "cudaDeviceGetAttribute");
  return value;
}

/// Tells what this library's kernels were compiled for. That is the number of an architecture, which 9.0 with and without the
/// instructions for warpgroups share; so how many threads it may have says the rest.
__global__ void __launch_bounds__(compiled_for_warpgroup_products ? warpgroup_lanes : 32) probe_kernel() {}

/// On the current device.
cudaFuncAttributes attributes_of_kernels() {
  cudaFuncAttributes attributes{};
  check(cudaFuncGetAttributes(&attributes, probe_kernel), "cudaFuncGetAttributes");
  return attributes;
}

}  // namespace

CudaDevice::CudaDevice(Device device, cudaStream_t stream, DeviceAllocator allocator, int threads)
    : device_(device),
      stream_(stream),
      allocator_(std::move(allocator)),
      link_(device),
      ring_(link_, threads),
      landing_(link_) {
  const int major = attribute_of(device, cudaDevAttrComputeCapabilityMajor);
  const int minor = attribute_of(device, cudaDevAttrComputeCapabilityMinor);
  if (!is_usable(major, minor)) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, device.index), "cudaGetDeviceProperties");
    throw DeviceError("device: got " + to_string(device) + ", " + properties.name + " of compute capability " +
                      std::to_string(major) + "." + std::to_string(minor) + ", expected 7.5 or more");
  }
  multiprocessors_ = attribute_of(device, cudaDevAttrMultiProcessorCount);
  constexpr std::size_t most_static_memory = 1024;  // of kernels that ask for dynamic memory
  most_dynamic_memory_ =
      static_cast<std::size_t>(attribute_of(device, cudaDevAttrMaxSharedMemoryPerBlockOptin)) - most_static_memory;
  const CurrentDevice current(device_);
  const cudaFuncAttributes kernels = attributes_of_kernels();
  has_int8_tensor_cores_ = kernels_have_tensor_products(major, kernels.ptxVersion);
  has_warpgroup_products_ = has_int8_tensor_cores_ && kernels.maxThreadsPerBlock >= warpgroup_lanes;
  int stream_device = 0;
  check(cudaStreamGetDevice(stream_, &stream_device), "cudaStreamGetDevice");
  if (stream_device != device_.index) {
    fail_argument("stream", "a stream of " + to_string(Device::cuda(stream_device)), "one of " + to_string(device_));
  }
  check_stream();
  try {
    if (!is_given(allocator_)) pool_ = make_pool(device_.index);
    check(cudaStreamCreateWithFlags(&copy_stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check(cudaEventCreateWithFlags(&target_free_, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    check(cudaEventCreateWithFlags(&arrived_, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    if (!has_int8_tensor_cores_) prepare_products();  // which a graph being captured may need
  } catch (...) {
    destroy();
    throw;
  }
}

CudaDevice::~CudaDevice() { destroy(); }

void CudaDevice::prepare_products() {
  if (blas_ == nullptr) check(CublasLt::get().Create(&blas_), "cublasLtCreate");
  if (workspace_ == nullptr) workspace_ = allocate(workspace_bytes);
}

void CudaDevice::destroy() noexcept {
  try {
    const CurrentDevice current(device_);
    finish_uploads();
    ring_.close();
    landing_.close();
    if (workspace_ != nullptr) release(workspace_);
    if (sparse_ != nullptr) Cusparse::get().Destroy(sparse_);
    if (blas_ != nullptr) CublasLt::get().Destroy(blas_);
    if (arrived_ != nullptr) ignore(cudaEventDestroy(arrived_));
    if (target_free_ != nullptr) ignore(cudaEventDestroy(target_free_));
    if (copy_stream_ != nullptr) ignore(cudaStreamDestroy(copy_stream_));
    if (pool_ != nullptr) ignore(cudaMemPoolDestroy(pool_));  // its memory goes once what is freed has been let go of
  } catch (const Error&) {  // a device that is lost takes what it has with it
  }
}

void CudaDevice::check_stream() const {
  const CurrentDevice current(device_);
  cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
  const cudaError_t status = cudaStreamIsCapturing(stream_, &capturing);
  // The default stream can't even be asked while another stream captures in the mode that forbids its use.
  if (status != cudaErrorStreamCaptureImplicit) check(status, "cudaStreamIsCapturing");
  if (status == cudaErrorStreamCaptureImplicit || capturing != cudaStreamCaptureStatusNone) {
    static_cast<void>(cudaGetLastError());
    fail_capturing();
  }
}

MemoryPlace CudaDevice::place_of(const void* pointer) const {
  const CurrentDevice current(device_);
  cudaPointerAttributes attributes{};
  check(cudaPointerGetAttributes(&attributes, pointer), "cudaPointerGetAttributes");
  switch (attributes.type) {
    case cudaMemoryTypeHost: return {MemoryKind::pinned};
    case cudaMemoryTypeDevice: return {MemoryKind::device, Device::cuda(attributes.device)};
    case cudaMemoryTypeManaged: return {MemoryKind::managed, Device::cuda(attributes.device)};
    default: return {MemoryKind::pageable};
  }
}

void CudaDevice::allow_dynamic_memory(const void* kernel, const char* name) const {
  // All that there is, whatever this launch asks for: the limit is the kernel's, in every context and thread.
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(most_dynamic_memory_)), name);
  // More of what is first-level cache otherwise, so that as many blocks are held as have room.
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout, cudaSharedmemCarveoutMaxShared), name);
}

std::size_t CudaDevice::free_memory() const {
  const CurrentDevice current(device_);
  std::size_t free = 0;
  std::size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free;
}

void* CudaDevice::allocate(std::size_t bytes) {
  const CurrentDevice current(device_);
  if (is_given(allocator_)) return allocate_by(allocator_, bytes, stream_);
  void* memory = nullptr;
  check(cudaMallocFromPoolAsync(&memory, bytes, pool_, stream_), "cudaMallocFromPoolAsync");
  return memory;
}

void CudaDevice::release(void* memory) noexcept {
  try {
    const CurrentDevice current(device_);  // the default stream is that of the current device
    if (is_given(allocator_)) {
      release_by(allocator_, memory, stream_);
    } else {
      check(cudaFreeAsync(memory, stream_), "cudaFreeAsync");
    }
  } catch (const Error&) {  // a device that is lost takes its memory with it
  }
}

void CudaDevice::upload(void* to, const void* from, std::size_t bytes) {
  const CurrentDevice current(device_);
  const RowCopy copy = RowCopy::of_array(to, from, bytes);
  // Little memory goes the driver's own way: to lock a slot's pages takes longer. Several threads copy on a stream that is ours:
  // the caller's may be another one in each of them (cudaStreamPerThread).
  constexpr std::size_t most_unstaged = std::size_t{1} << 20;
  if (bytes <= most_unstaged) return link_.copy_rows(copy, stream_);
  allow_uploads();
  try {
    ring_.copy_rows(copy, copy_stream_);
  } catch (...) {
    finish_uploads();  // what is on its way must not outlive its target, which goes in the order of the other stream
    throw;
  }
  await_uploads();
}

void CudaDevice::upload_rows(const RowCopy& copy) {
  if (copy.rows <= 0) return;
  const CurrentDevice current(device_);
  if (place_of(copy.from).kind == MemoryKind::pinned) {
    link_.copy_rows(copy, copy_stream_);
  } else {
    ring_.copy_rows(copy, copy_stream_);
  }
}

void CudaDevice::allow_uploads() {
  const CurrentDevice current(device_);
  check(cudaEventRecord(target_free_, stream_), "cudaEventRecord");
  check(cudaStreamWaitEvent(copy_stream_, target_free_), "cudaStreamWaitEvent");
}

void CudaDevice::await_uploads() {
  const CurrentDevice current(device_);
  check(cudaEventRecord(arrived_, copy_stream_), "cudaEventRecord");
  check(cudaStreamWaitEvent(stream_, arrived_), "cudaStreamWaitEvent");
}

void CudaDevice::finish_uploads() noexcept {
  if (copy_stream_ == nullptr) return;
  try {
    const CurrentDevice current(device_);
    ignore(cudaStreamSynchronize(copy_stream_));
  } catch (const Error&) {  // nothing travels to a device that is lost
  }
}

void CudaDevice::copy_rows(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, std::size_t row_bytes,
                           std::int64_t rows) {
  const CurrentDevice current(device_);
  if (rows > 0) link_.copy_rows({to, to_pitch, from, from_pitch, row_bytes, rows}, stream_);
}

void CudaDevice::download(void* to, const void* from, std::size_t bytes) {
  const CurrentDevice current(device_);
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "cudaMemcpyAsync");
}

void CudaDevice::copy(void* to, const void* from, std::size_t bytes) {
  const CurrentDevice current(device_);
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_), "cudaMemcpyAsync");
}

void CudaDevice::clear(void* memory, std::size_t bytes) {
  const CurrentDevice current(device_);
  check(cudaMemsetAsync(memory, 0, bytes, stream_), "cudaMemsetAsync");
}

void CudaDevice::synchronize() {
  const CurrentDevice current(device_);
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

void CudaDevice::multiply_int8(const std::int8_t* a, std::int64_t m, const std::int8_t* b, std::int64_t n, std::int64_t k,
                               std::int32_t* sums) {
  const CurrentDevice current(device_);
  prepare_products();
  const std::int32_t one = 1;
  const std::int32_t zero = 0;
  multiply(blas_, workspace_, stream_, {CUBLAS_COMPUTE_32I, CUDA_R_32I, CUDA_R_8I, CUDA_R_32I, m, n, k, true}, &one, &zero,
           a, b, sums);
}

void CudaDevice::multiply_float(const float* a, std::int64_t m, const float* b, std::int64_t n, std::int64_t k,
                                bool b_transposed, float* c) {
  const CurrentDevice current(device_);
  prepare_products();
  const float one = 1;
  const float zero = 0;
  multiply(blas_, workspace_, stream_, {CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, m, n, k, b_transposed},
           &one, &zero, a, b, c);
}

void CudaDevice::exclusive_sum(const std::int32_t* counts, std::int64_t count, std::int64_t* offsets) {
  const CurrentDevice current(device_);
  const auto wide = thrust::make_transform_iterator(counts, ToInt64{});
  const auto sum = [&](void* scratch, std::size_t& bytes) {
    // Where its own calls succeed, CUB asks for the last error, and fails with it: whatever the caller's calls had left there.
    static_cast<void>(cudaGetLastError());
    return cub::DeviceScan::InclusiveSum(scratch, bytes, wide, offsets + 1, count, stream_);
  };
  check(cudaMemsetAsync(offsets, 0, sizeof(std::int64_t), stream_), "cudaMemsetAsync");
  std::size_t bytes = 0;
  check(sum(nullptr, bytes), "cub::DeviceScan::InclusiveSum");
  void* scratch = allocate(bytes > 0 ? bytes : 1);
  const cudaError_t status = sum(scratch, bytes);
  release(scratch);
  check(status, "cub::DeviceScan::InclusiveSum");
}

void CudaDevice::multiply_sparse(const CsrView& codes, const float* atoms, std::int64_t ld_atoms, std::int64_t d, float* dense,
                                 std::int64_t ld) {
  const CurrentDevice current(device_);
  const float one = 1;
  const float zero = 0;
  const Cusparse& sparse = Cusparse::get();
  cusparseConstSpMatDescr_t a = nullptr;
  cusparseConstDnMatDescr_t b = nullptr;
  cusparseDnMatDescr_t c = nullptr;
  struct Cleanup {
    const Cusparse& sparse;
    cusparseConstSpMatDescr_t& a;
    cusparseConstDnMatDescr_t& b;
    cusparseDnMatDescr_t& c;
    ~Cleanup() {
      if (a != nullptr) sparse.DestroySpMat(a);
      if (b != nullptr) sparse.DestroyDnMat(b);
      if (c != nullptr) sparse.DestroyDnMat(c);
    }
  } cleanup{sparse, a, b, c};
  if (sparse_ == nullptr) check(sparse.Create(&sparse_), "cusparseCreate");
  check(sparse.SetStream(sparse_, stream_), "cusparseSetStream");
  check(sparse.CreateConstCsr(&a, codes.rows, codes.cols, codes.nnz, codes.row_offsets, codes.atom_indices, codes.values,
                           CUSPARSE_INDEX_32I, CUSPARSE_INDEX_32I, CUSPARSE_INDEX_BASE_ZERO, CUDA_R_32F),
        "cusparseCreateConstCsr");
  check(sparse.CreateConstDnMat(&b, codes.cols, d, ld_atoms, atoms, CUDA_R_32F, CUSPARSE_ORDER_ROW), "cusparseCreateConstDnMat");
  check(sparse.CreateDnMat(&c, codes.rows, d, ld, dense, CUDA_R_32F, CUSPARSE_ORDER_ROW), "cusparseCreateDnMat");
  // The only CSR algorithm that cuSPARSE documents as giving the same bits in every run.
  constexpr cusparseSpMMAlg_t algorithm = CUSPARSE_SPMM_CSR_ALG3;
  std::size_t bytes = 0;
  check(sparse.SpMM_bufferSize(sparse_, CUSPARSE_OPERATION_NON_TRANSPOSE, CUSPARSE_OPERATION_NON_TRANSPOSE, &one, a, b, &zero,
                            c, CUDA_R_32F, algorithm, &bytes), "cusparseSpMM_bufferSize");
  void* scratch = allocate(bytes > 0 ? bytes : 1);
  const cusparseStatus_t status = sparse.SpMM(sparse_, CUSPARSE_OPERATION_NON_TRANSPOSE, CUSPARSE_OPERATION_NON_TRANSPOSE, &one,
                                           a, b, &zero, c, CUDA_R_32F, algorithm, scratch);
  release(scratch);
  check(status, "cusparseSpMM");
}

}  // namespace splice_cuda::cuda

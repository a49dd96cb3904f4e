#pragma once

/// @file cuda_device.cuh
/// The seam between the algorithms of this folder and CUDA: memory, copies, launches and library calls, all on one stream.
/// tests/cuda/emulation has a host version with the same members, on which everything above it is tested.

#include <cublasLt.h>
#include <cuda_runtime.h>
#include <cusparse.h>
#include <nvtx3/nvToolsExt.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "csr_view.hpp"
#include "cuda_error.hpp"
#include "cuda_group.cuh"
#include "current_device.hpp"
#include "host_link.hpp"
#include "landing_memory.hpp"
#include "launch_grid.hpp"
#include "pointer_checks.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/device_allocator.hpp"
#include "staging_ring.hpp"

namespace splice_cuda::cuda {

/// Blocks of a kernel that a multiprocessor should hold at once: what registers are dealt out by. 1 unless it says.
template <class Kernel>
constexpr int least_resident_blocks() {
  if constexpr (requires { Kernel::resident_blocks; }) return Kernel::resident_blocks;
  return 1;
}

/// Shared memory of a block beside Kernel::Shared. See lane_group.hpp.
template <class Kernel>
std::size_t dynamic_memory_of(const typename Kernel::Args& args) {
  if constexpr (requires { Kernel::dynamic_bytes(args); }) return Kernel::dynamic_bytes(args);
  return 0;
}

/// Of a launch's items, those that there are: the host need not know.
template <class Kernel>
__device__ __forceinline__ std::int64_t present_items(const typename Kernel::Args& args, std::int64_t items) {
  if constexpr (requires { Kernel::present(args); }) return min(items, Kernel::present(args));
  return items;
}

/// What a warp works on next: items of a launch cost very different amounts. By all of its lanes.
__device__ __forceinline__ std::int64_t next_item(ItemQueue* queue, std::int64_t groups) {
  unsigned long long taken = 0;
  if (threadIdx.x % 32 == 0) taken = atomicAdd(&queue->taken, 1ull);
  return groups + static_cast<std::int64_t>(__shfl_sync(all_lanes, taken, 0));
}

/// A warp has found no more items; the last one leaves the queue as it was.
__device__ __forceinline__ void leave_queue(ItemQueue* queue, std::int64_t groups) {
  if (threadIdx.x % 32 != 0) return;
  __threadfence();  // what the warp has taken comes before
  if (atomicAdd(&queue->left, 1ull) + 1 != static_cast<unsigned long long>(groups)) return;
  atomicExch(&queue->taken, 0ull);
  atomicExch(&queue->left, 0ull);
}

/// Groups take the items in turn or from a queue, so that any grid does.
template <class Kernel>
__global__ void __launch_bounds__(Kernel::lanes* Kernel::groups_per_block, least_resident_blocks<Kernel>())
    entry_kernel(const __grid_constant__ typename Kernel::Args args, const std::int64_t items) {
  static_assert(Kernel::lanes == 32 || Kernel::groups_per_block == 1);
  __shared__ typename Kernel::Shared shared[Kernel::groups_per_block];
  __shared__ GroupScratch scratch;
  const int own = static_cast<int>(threadIdx.x) / Kernel::lanes;
  const std::int64_t groups = static_cast<std::int64_t>(gridDim.x) * Kernel::groups_per_block;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * Kernel::groups_per_block + own;
  CudaGroup<Kernel::lanes> group(&scratch, first);
  constexpr bool queued = Kernel::lanes == 32 && requires { args.queue; };
  const std::int64_t present = present_items<Kernel>(args, items);
  for (std::int64_t item = first; item < present;) {
    Kernel::run(group, item, args, shared[own]);
    group.sync();
    if constexpr (queued) {
      item = next_item(args.queue, groups);
    } else {
      item += groups;
    }
  }
  if constexpr (queued) leave_queue(args.queue, groups);
}

class CudaDevice {
 public:
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

  /// What the profiler shows of the host's thread while it lives: a stage's name.
  class Range {
   public:
    Range(const CudaDevice&, const char* name) { nvtxRangePushA(name); }
    ~Range() { nvtxRangePop(); }
    Range(const Range&) = delete;
    Range& operator=(const Range&) = delete;
  };

  /// @param stream   on which all work is ordered; the caller owns it
  /// @param threads  of the host, that may copy what goes to the device
  /// @throws DeviceError; ArgumentError for a stream of another device, or one that is capturing
  CudaDevice(Device device, cudaStream_t stream, DeviceAllocator allocator = {}, int threads = 1);
  ~CudaDevice();
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  Device device() const { return device_; }
  cudaStream_t stream() const { return stream_; }

  /// For what the screening needs of them: see Group::has_tensor_products.
  bool has_int8_tensor_cores() const { return has_int8_tensor_cores_; }
  /// See Group::has_warpgroup_products.
  bool has_warpgroup_products() const { return has_warpgroup_products_; }
  int multiprocessors() const { return multiprocessors_; }
  /// Dynamic shared memory that one block can have.
  std::size_t most_dynamic_memory() const { return most_dynamic_memory_; }

  /// Makes the device current in a thread that ends with its work: nothing is set back, which would touch another device.
  void enter_thread() const { link_.enter(); }
  /// @throws ArgumentError where the stream is capturing a graph, which calls that wait would break
  void check_stream() const;
  /// Where memory lies.
  MemoryPlace place_of(const void* pointer) const;
  /// A pointer to elements of `element_bytes` in this device's memory. @throws ArgumentError
  void check_pointer(std::string_view argument, const void* pointer, std::int64_t element_bytes) const {
    check_device_pointer(argument, pointer, element_bytes, place_of(pointer), device_);
  }

  /// Bytes of the device's memory that nobody has now.
  std::size_t free_memory() const;
  /// Memory in stream order. @throws OutOfMemoryError
  void* allocate(std::size_t bytes);
  void release(void* memory) noexcept;

  /// Host to device; `from` may be reused when this returns, or, where it is page-locked, once the stream has come so far.
  void upload(void* to, const void* from, std::size_t bytes);
  /// Host to device beside the stream's work, to memory that is read before the latest allow_uploads(), and after the next
  /// await_uploads(), alone. Pageable memory may be reused when this returns; pinned memory after finish_uploads().
  void upload_rows(const RowCopy& copy);
  /// Uploads from now on wait for the work that the stream has now.
  void allow_uploads();
  /// The stream's work from now on waits for the uploads so far.
  void await_uploads();
  /// Waits until nothing travels.
  void finish_uploads() noexcept;
  /// Rows of `row_bytes`, from host or device memory.
  void copy_rows(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, std::size_t row_bytes,
                 std::int64_t rows);
  /// Device to host: `to` is there after synchronize().
  void download(void* to, const void* from, std::size_t bytes);
  /// Host memory for download_later: at least so many bytes, undefined; what was there before is gone.
  void* landing(std::size_t bytes) {
    const CurrentDevice current(device_);
    return landing_.take(bytes);
  }
  /// Device to memory of landing(), in stream order: there after await_downloads(), and nobody waits before.
  void download_later(void* to, const void* from, std::size_t bytes) {
    const CurrentDevice current(device_);
    landing_.copy(to, from, bytes, stream_);
  }
  void await_downloads() {
    const CurrentDevice current(device_);
    landing_.wait();
  }
  void copy(void* to, const void* from, std::size_t bytes);
  void clear(void* memory, std::size_t bytes);
  void synchronize();

  /// Kernel::run on items [0, items). @param most_groups  that run at once: group.index() stays below
  template <class Kernel>
  void launch(std::int64_t items, const typename Kernel::Args& args, std::int64_t most_groups = unlimited) {
    if (items <= 0) return;
    const CurrentDevice current(device_);
    const std::int64_t blocks = blocks_of(std::min(items, most_groups), Kernel::groups_per_block);
    static_assert(sizeof(typename Kernel::Args) <= 4000);
    const std::size_t dynamic = dynamic_memory_of<Kernel>(args);
    const void* const kernel = reinterpret_cast<const void*>(&entry_kernel<Kernel>);
    if (dynamic > 0) allow_dynamic_memory(kernel, Kernel::name);
    // Not by <<<>>>, whose outcome the runtime has to be asked for: it would tell of any earlier failure, too.
    void* parameters[] = {const_cast<typename Kernel::Args*>(&args), &items};
    check(cudaLaunchKernel(kernel, dim3(static_cast<unsigned>(blocks)), dim3(Kernel::lanes * Kernel::groups_per_block), parameters,
                           dynamic, stream_), Kernel::name);
  }

  // Matrices of products begin at multiples of 256 bytes: cuBLASLt's heuristics take it for granted unless they are told.

  /// sums[m, n] = a[m, k] b[n, k]', exact; n a multiple of 4 and k of 16, as cuBLASLt asks for.
  void multiply_int8(const std::int8_t* a, std::int64_t m, const std::int8_t* b, std::int64_t n, std::int64_t k,
                     std::int32_t* sums);
  /// c[m, n] (leading dimension ldc) = a[m, k] b, with b [n, k] taken transposed, or [k, n]; in float32, whose rounding
  /// depends on the shape.
  void multiply_float(const float* a, std::int64_t m, const float* b, std::int64_t n, std::int64_t k,
                      bool b_transposed, float* c);
  /// offsets[i] = sum of counts[0 .. i), for i in [0, count].
  void exclusive_sum(const std::int32_t* counts, std::int64_t count, std::int64_t* offsets);
  /// dense[rows, d] (ld) = codes (CSR over p atoms, with entries) times atoms[p, d] (ld_atoms).
  void multiply_sparse(const CsrView& codes, const float* atoms, std::int64_t ld_atoms, std::int64_t d, float* dense,
                       std::int64_t ld);

 private:
  void allow_dynamic_memory(const void* kernel, const char* name) const;
  /// The library for products and its workspace, at the first one: contexts that need none are made sooner.
  void prepare_products();
  void destroy() noexcept;

  Device device_;
  cudaStream_t stream_;
  bool has_int8_tensor_cores_ = false;
  bool has_warpgroup_products_ = false;
  int multiprocessors_ = 1;
  std::size_t most_dynamic_memory_ = 0;
  DeviceAllocator allocator_;
  cudaMemPool_t pool_ = nullptr;  ///< where the caller has no allocator
  HostLink link_;
  StagingRing<HostLink> ring_;
  LandingMemory<HostLink> landing_;
  cudaStream_t copy_stream_ = nullptr;
  cudaEvent_t target_free_ = nullptr;
  cudaEvent_t arrived_ = nullptr;
  cublasLtHandle_t blas_ = nullptr;
  cusparseHandle_t sparse_ = nullptr;
  void* workspace_ = nullptr;
};

}  // namespace splice_cuda::cuda

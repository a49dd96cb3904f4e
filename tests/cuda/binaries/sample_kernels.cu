// Kernels in the shape of the library's, each with one property that the checker has to see. Never run.

#include <cstdint>

namespace splice_cuda::cuda {

struct Args {
  float* values;
};

template <class Kernel>
__global__ void entry_kernel(Args args, std::int64_t items) {
  Kernel::run(args, items);
}

template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads) bound_kernel(Args args, std::int64_t items) {
  Kernel::run(args, items);
}

struct PlainKernel {
  static __device__ void run(const Args& args, std::int64_t items) {
    if (threadIdx.x < items) args.values[threadIdx.x] = args.values[threadIdx.x] * 2.0f + 1.0f;
  }
};

struct SharedKernel {
  static __device__ void run(const Args& args, std::int64_t items) {
    __shared__ float shared[512];
    shared[threadIdx.x] = args.values[threadIdx.x];
    __syncthreads();
    if (items > 0) args.values[threadIdx.x] = shared[511 - threadIdx.x];
  }
};

/// Needs more than a hundred registers: with fewer it spills, and without launch bounds it does not launch.
struct CrowdedKernel {
  static constexpr int threads = 128;
  static __device__ void run(const Args& args, std::int64_t items) {
    float v[64];
    for (int i = 0; i < 64; ++i) v[i] = args.values[i * items + threadIdx.x];
    for (int turn = 0; turn < items; ++turn) {
      for (int i = 0; i < 64; ++i) v[i] = v[i] * v[(i + 1) % 64] + args.values[turn];
    }
    for (int i = 0; i < 64; ++i) args.values[i * items + threadIdx.x] = v[i];
  }
};

/// An array that no register can hold, as its index is known at run time only.
struct IndexedKernel {
  static __device__ void run(const Args& args, std::int64_t items) {
    float v[64];
    for (int i = 0; i < 64; ++i) v[i] = args.values[i];
    for (int turn = 0; turn < items; ++turn) v[static_cast<int>(args.values[turn]) & 63] += 1;
    for (int i = 0; i < 64; ++i) args.values[i] = v[i];
  }
};

struct AtomicKernel {
  static __device__ void run(const Args& args, std::int64_t items) {
    if (threadIdx.x < items) atomicAdd(args.values, 1.0f);
  }
};

template __global__ void entry_kernel<PlainKernel>(Args, std::int64_t);
template __global__ void entry_kernel<SharedKernel>(Args, std::int64_t);
template __global__ void entry_kernel<IndexedKernel>(Args, std::int64_t);
template __global__ void entry_kernel<AtomicKernel>(Args, std::int64_t);
template __global__ void entry_kernel<CrowdedKernel>(Args, std::int64_t);
template __global__ void bound_kernel<CrowdedKernel>(Args, std::int64_t);

}  // namespace splice_cuda::cuda

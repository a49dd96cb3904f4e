#pragma once

/// @file kernel_runner.hpp
/// What may run an emulated device's kernels instead of their source.

#include <cstddef>
#include <cstdint>

namespace splice_cuda::emulation {

/// A launch as CUDA would see it.
struct KernelLaunch {
  const char* kernel = nullptr;  ///< the mangled name of the kernel's struct
  std::int64_t items = 0;
  std::int64_t groups = 0;  ///< that work on them at once
  int lanes = 0;            ///< of a group
  int groups_per_block = 1;
  std::size_t dynamic_bytes = 0;
  const void* args = nullptr;
  std::size_t args_bytes = 0;
};

class KernelRunner {
 public:
  virtual ~KernelRunner() = default;
  virtual void run(const KernelLaunch& launch) = 0;
};

}  // namespace splice_cuda::emulation

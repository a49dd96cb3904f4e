#pragma once

/// @file emulated_memory.hpp
/// What the contexts of one emulated device share: its memory, and counts of what it was asked for.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <string>

#include "cuda/emulation/host_group.hpp"
#include "cuda/emulation/kernel_runner.hpp"
#include "pointer_checks.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::emulation {

/// How all emulated devices behave; tests change it and set it back.
struct EmulationSettings {
  bool watched = false;  ///< every access of every kernel: slow
  LaneOrder order = LaneOrder::ascending;
  std::size_t memory_bytes = std::numeric_limits<std::size_t>::max();  ///< what one device has
  std::size_t filled_bytes = std::numeric_limits<std::size_t>::max();  ///< of an allocation: the rest costs no time
  bool capturing = false;  ///< every stream
  bool int8_tensor_cores = true;  ///< without, as on compute capability 7.5, screening takes the portable path
  bool warpgroup_products = true;  ///< without, as on all but compute capability 9.0, warps make the products
  int multiprocessors = 4;
  std::size_t most_dynamic_memory = 98 << 10;  ///< of one block
  KernelRunner* runner = nullptr;  ///< runs kernels, if there is one
};
EmulationSettings& settings();

struct DeviceCounters {
  std::size_t bytes = 0;       ///< allocated now
  std::size_t peak_bytes = 0;
  std::int64_t launches = 0;
  std::int64_t synchronizations = 0;
  std::map<std::string, std::int64_t> launches_of;  ///< by kernel
  std::map<std::string, std::int64_t> groups_of;    ///< by kernel: the most of a launch
  std::map<std::string, std::int64_t> ranges;       ///< by name
  std::int64_t sparse_products = 0;
  std::int64_t uploaded_rows = 0;
  std::int64_t entered_threads = 0;  ///< in which the device stays current
  std::int64_t waits_with_uploads = 0;  ///< synchronizations beside which rows travelled
};

class EmulatedMemory {
 public:
  explicit EmulatedMemory(Device device_) : device(device_) {}

  /// Filled with NaN patterns. @throws OutOfMemoryError
  void* allocate(std::size_t bytes, cuda::MemoryKind kind = cuda::MemoryKind::device) {
    {
      const std::lock_guard lock(mutex_);
      if (bytes > settings().memory_bytes || counters.bytes > settings().memory_bytes - bytes) {
        throw OutOfMemoryError("emulated device: " + std::to_string(bytes) + " bytes more than it has");
      }
    }
    void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (memory == nullptr) throw OutOfMemoryError("emulated device");
    std::memset(memory, 0xFF, std::min(bytes, settings().filled_bytes));
    add(memory, bytes, kind);
    return memory;
  }
  void release(void* memory) noexcept {
    remove(memory);
    std::free(memory);
  }

  /// Memory that comes from elsewhere.
  void add(void* memory, std::size_t bytes, cuda::MemoryKind kind) {
    const std::lock_guard lock(mutex_);
    pieces_[static_cast<const unsigned char*>(memory)] = {bytes, kind};
    counters.bytes += bytes;
    counters.peak_bytes = std::max(counters.peak_bytes, counters.bytes);
  }
  void remove(void* memory) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = pieces_.find(static_cast<const unsigned char*>(memory));
    if (found == pieces_.end()) std::abort();  // never given out, or given back twice
    counters.bytes -= found->second.bytes;
    pieces_.erase(found);
  }

  /// Bytes that are not allocated.
  std::size_t free_bytes() const {
    const std::lock_guard lock(mutex_);
    return settings().memory_bytes - std::min(settings().memory_bytes, counters.bytes);
  }

  /// Where a pointer into this device's memory lies; pageable for any other.
  cuda::MemoryPlace place_of(const void* pointer) const {
    const std::lock_guard lock(mutex_);
    const auto* address = static_cast<const unsigned char*>(pointer);
    auto after = pieces_.upper_bound(address);
    if (after == pieces_.begin()) return {};
    --after;
    if (address >= after->first + after->second.bytes) return {};
    return {after->second.kind, after->second.kind == cuda::MemoryKind::pinned ? Device::cpu() : device};
  }

  const Device device;
  DeviceCounters counters;

 private:
  struct Piece {
    std::size_t bytes = 0;
    cuda::MemoryKind kind = cuda::MemoryKind::device;
  };
  mutable std::mutex mutex_;
  std::map<const unsigned char*, Piece> pieces_;
};

/// Asks both devices.
cuda::MemoryPlace emulated_place_of(const void* pointer);

}  // namespace splice_cuda::emulation

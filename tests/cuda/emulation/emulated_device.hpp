#pragma once

/// @file emulated_device.hpp
/// The members of cuda/cuda_device.cuh on the host. Device memory is malloc's, filled with NaN patterns; kernels run group by
/// group; library calls are plain loops. Counts what it is asked for, so that tests can ask.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "cuda/emulation/host_group.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::emulation {

/// How all emulated devices behave; tests change it and set it back.
struct EmulationSettings {
  bool watched = false;  ///< every access of every kernel: slow
  LaneOrder order = LaneOrder::ascending;
  std::size_t memory_bytes = std::numeric_limits<std::size_t>::max();  ///< what one device has
  std::size_t filled_bytes = std::numeric_limits<std::size_t>::max();  ///< of an allocation: the rest costs no time
};
EmulationSettings& settings();

struct DeviceCounters {
  std::size_t bytes = 0;       ///< allocated now
  std::size_t peak_bytes = 0;
  std::int64_t launches = 0;
  std::int64_t synchronizations = 0;
  std::map<std::string, std::int64_t> launches_of;  ///< by kernel
};

class EmulatedDevice {
 public:
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

  explicit EmulatedDevice(Device device) : device_(device) {}
  EmulatedDevice(const EmulatedDevice&) = delete;
  EmulatedDevice& operator=(const EmulatedDevice&) = delete;

  Device device() const { return device_; }
  const DeviceCounters& counters() const { return counters_; }
  void reset_peak() { counters_.peak_bytes = counters_.bytes; }

  void* allocate(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes > settings().memory_bytes || counters_.bytes > settings().memory_bytes - bytes) {
      throw OutOfMemoryError("emulated device: " + std::to_string(bytes) + " bytes more than it has");
    }
    void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (memory == nullptr) throw OutOfMemoryError("emulated device");
    std::memset(memory, 0xFF, std::min(bytes, settings().filled_bytes));
    sizes_[memory] = bytes;
    counters_.bytes += bytes;
    counters_.peak_bytes = std::max(counters_.peak_bytes, counters_.bytes);
    return memory;
  }

  void release(void* memory) noexcept {
    const std::lock_guard lock(mutex_);
    counters_.bytes -= sizes_[memory];
    sizes_.erase(memory);
    std::free(memory);
  }

  void upload(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  void copy_rows(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, std::size_t row_bytes,
                 std::int64_t rows) {
    for (std::int64_t i = 0; i < rows; ++i) {
      std::memcpy(static_cast<char*>(to) + static_cast<std::size_t>(i) * to_pitch,
                  static_cast<const char*>(from) + static_cast<std::size_t>(i) * from_pitch, row_bytes);
    }
  }
  void download(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  void copy(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  void clear(void* memory, std::size_t bytes) { std::memset(memory, 0, bytes); }
  void synchronize() { ++counters_.synchronizations; }

  template <class Kernel>
  void launch(std::int64_t items, const typename Kernel::Args& args, std::int64_t most_groups = unlimited) {
    if (items <= 0) return;
    ++counters_.launches;
    ++counters_.launches_of[Kernel::name];
    const std::int64_t groups = std::min(items, most_groups);
    if (settings().watched) {
      run<Kernel, true>(items, args, groups);
    } else {
      run<Kernel, false>(items, args, groups);
    }
  }

  void multiply_int8(const std::int8_t* a, std::int64_t m, const std::int8_t* b, std::int64_t n, std::int64_t k,
                     std::int32_t* sums) {
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        std::int32_t sum = 0;
        for (std::int64_t e = 0; e < k; ++e) sum += static_cast<std::int32_t>(a[i * k + e]) * b[j * k + e];
        sums[i * n + j] = sum;
      }
    }
  }

  void multiply_float(const float* a, std::int64_t m, const float* b, std::int64_t n, std::int64_t k,
                      bool b_transposed, float* c) {
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) c[i * n + j] = 0;
      if (b_transposed) {
        for (std::int64_t j = 0; j < n; ++j) {
          float sum = 0;
          for (std::int64_t e = 0; e < k; ++e) sum += a[i * k + e] * b[j * k + e];
          c[i * n + j] = sum;
        }
        continue;
      }
      for (std::int64_t e = 0; e < k; ++e) {
        const float factor = a[i * k + e];
        if (factor == 0) continue;
        for (std::int64_t j = 0; j < n; ++j) c[i * n + j] += factor * b[e * n + j];
      }
    }
  }

  void exclusive_sum(const std::int32_t* counts, std::int64_t count, std::int64_t* offsets) {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      offsets[i] = sum;
      sum += counts[i];
    }
    offsets[count] = sum;
  }

  struct CsrView {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::int64_t nnz = 0;
    const std::int64_t* row_offsets = nullptr;
    const std::int32_t* atom_indices = nullptr;
    const float* values = nullptr;
  };
  void multiply_sparse(const CsrView& codes, const float* atoms, std::int64_t ld_atoms, std::int64_t d, float* dense,
                       std::int64_t ld) {
    for (std::int64_t i = 0; i < codes.rows; ++i) {
      for (std::int64_t k = 0; k < d; ++k) {
        float sum = 0;
        for (std::int64_t e = codes.row_offsets[i]; e < codes.row_offsets[i + 1]; ++e) {
          sum += codes.values[e] * atoms[codes.atom_indices[e] * ld_atoms + k];
        }
        dense[i * ld + k] = sum;
      }
    }
  }

 private:
  template <class Kernel, bool watched>
  static void run(std::int64_t items, const typename Kernel::Args& args, std::int64_t groups) {
    auto shared = std::make_unique<typename Kernel::Shared>();
    AccessMonitor monitor;
    for (std::int64_t item = 0; item < items; ++item) {
      std::memset(static_cast<void*>(shared.get()), 0xFF, sizeof(typename Kernel::Shared));
      HostGroup<Kernel::lanes, watched> group(monitor, settings().order, item % groups, shared.get(),
                                              sizeof(typename Kernel::Shared));
      monitor.begin_item();
      Kernel::run(group, item, args, *shared);
    }
  }

  Device device_;
  std::mutex mutex_;
  std::map<void*, std::size_t> sizes_;
  DeviceCounters counters_;
};

}  // namespace splice_cuda::emulation

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
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "caller_memory.hpp"
#include "csr_view.hpp"
#include "cuda/emulation/block_memory.hpp"
#include "cuda/emulation/emulated_memory.hpp"
#include "cuda/emulation/host_group.hpp"
#include "pointer_checks.hpp"
#include "row_copy.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/device_allocator.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::emulation {

class EmulatedDevice {
 public:
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

  /// Counts the stages that it is told of.
  class Range {
   public:
    Range(EmulatedDevice& device, const char* name) { ++device.memory_->counters.ranges[name]; }
  };

  explicit EmulatedDevice(Device device) : EmulatedDevice(std::make_shared<EmulatedMemory>(device), nullptr, {}) {}
  /// A context's own view of a device that others use too.
  EmulatedDevice(std::shared_ptr<EmulatedMemory> memory, CUstream_st* stream, DeviceAllocator allocator)
      : device_(memory->device), memory_(std::move(memory)), stream_(stream), allocator_(std::move(allocator)) {
    check_stream();
  }
  ~EmulatedDevice() { finish_uploads(); }
  EmulatedDevice(const EmulatedDevice&) = delete;
  EmulatedDevice& operator=(const EmulatedDevice&) = delete;

  Device device() const { return device_; }
  bool has_int8_tensor_cores() const { return settings().int8_tensor_cores; }
  bool has_warpgroup_products() const { return settings().warpgroup_products; }
  int multiprocessors() const { return settings().multiprocessors; }
  std::size_t most_dynamic_memory() const { return settings().most_dynamic_memory; }
  const DeviceCounters& counters() const { return memory_->counters; }
  void reset_peak() { memory_->counters.peak_bytes = memory_->counters.bytes; }
  const std::shared_ptr<EmulatedMemory>& memory() const { return memory_; }

  void enter_thread() const { ++memory_->counters.entered_threads; }
  void check_stream() const {
    if (settings().capturing) cuda::fail_capturing();
  }
  cuda::MemoryPlace place_of(const void* pointer) const { return emulated_place_of(pointer); }
  void check_pointer(std::string_view argument, const void* pointer, std::int64_t element_bytes) const {
    cuda::check_device_pointer(argument, pointer, element_bytes, place_of(pointer), device_);
  }

  std::size_t free_memory() const { return memory_->free_bytes(); }
  void* allocate(std::size_t bytes) {
    if (!cuda::is_given(allocator_)) return memory_->allocate(bytes);
    void* memory = cuda::allocate_by(allocator_, bytes, stream_);
    std::memset(memory, 0xFF, bytes);
    memory_->add(memory, bytes, cuda::MemoryKind::device);
    return memory;
  }

  void release(void* memory) noexcept {
    if (!cuda::is_given(allocator_)) return memory_->release(memory);
    memory_->remove(memory);
    cuda::release_by(allocator_, memory, stream_);
  }

  /// Rows that travel arrive when they are awaited, not before.
  void upload_rows(const cuda::RowCopy& copy) {
    if (copy.rows <= 0) return;
    memory_->counters.uploaded_rows += copy.rows;
    travelling_.emplace_back(copy);
  }
  void allow_uploads() {}
  void await_uploads() { finish_uploads(); }
  void finish_uploads() noexcept {
    for (const Travelling& rows : travelling_) rows.arrive();
    travelling_.clear();
  }

  void upload(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  void copy_rows(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, std::size_t row_bytes,
                 std::int64_t rows) {
    cuda::copy_on_host({to, to_pitch, from, from_pitch, row_bytes, rows});
  }
  void download(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  /// Of a size of its own and undefined each time, once what travels to the one before has arrived.
  void* landing(std::size_t bytes) {
    land();
    landing_ = std::vector<unsigned char>(bytes, 0xFF);
    return landing_.data();
  }
  /// What travels arrives when it is awaited, not before.
  void download_later(void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) landings_.emplace_back(cuda::RowCopy::of_array(to, from, bytes));
  }
  void await_downloads() {
    ++memory_->counters.synchronizations;
    land();
  }
  void copy(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  void clear(void* memory, std::size_t bytes) { std::memset(memory, 0, bytes); }
  void synchronize() {
    ++memory_->counters.synchronizations;
    if (!travelling_.empty()) ++memory_->counters.waits_with_uploads;
  }

  template <class Kernel>
  void launch(std::int64_t items, const typename Kernel::Args& args, std::int64_t most_groups = unlimited) {
    if (items <= 0) return;
    ++memory_->counters.launches;
    ++memory_->counters.launches_of[Kernel::name];
    const std::int64_t groups = std::min(items, most_groups);
    std::int64_t& most = memory_->counters.groups_of[Kernel::name];
    most = std::max(most, groups);
    if (settings().runner != nullptr) {
      settings().runner->run({typeid(Kernel).name(), items, groups, Kernel::lanes, Kernel::groups_per_block,
                              dynamic_bytes<Kernel>(args), &args, sizeof(args)});
    } else if (settings().watched) {
      run<Kernel, true>(items, args, groups);
    } else {
      run<Kernel, false>(items, args, groups);
    }
  }

  void multiply_int8(const std::int8_t* a, std::int64_t m, const std::int8_t* b, std::int64_t n, std::int64_t k,
                     std::int32_t* sums) {
    if (n % 4 != 0 || k % 16 != 0) throw std::logic_error("multiply_int8: no shape that the library takes");
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
    for (const float* matrix : {a, b, static_cast<const float*>(c)}) {
      if (reinterpret_cast<std::uintptr_t>(matrix) % cuda::memory_alignment != 0) {
        throw std::logic_error("multiply_float: expected matrices at multiples of 256 bytes");
      }
    }
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) c[i * n + j] = 0;
      const bool zero = std::all_of(a + i * k, a + (i + 1) * k, [](float value) { return value == 0; });
      if (zero) continue;  // rows that pad a product
      if (b_transposed) {
        constexpr std::int64_t side_by_side = 8;
        for (std::int64_t j = 0; j < n; j += side_by_side) {
          const std::int64_t count = std::min(side_by_side, n - j);
          float sums[side_by_side] = {};
          for (std::int64_t e = 0; e < k; ++e) {
            for (std::int64_t t = 0; t < count; ++t) sums[t] += a[i * k + e] * b[(j + t) * k + e];
          }
          std::copy_n(sums, count, c + i * n + j);
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

  void multiply_sparse(const cuda::CsrView& codes, const float* atoms, std::int64_t ld_atoms, std::int64_t d, float* dense,
                       std::int64_t ld) {
    const bool sound = codes.rows > 0 && codes.nnz > 0 && codes.nnz <= std::numeric_limits<std::int32_t>::max() &&
                       codes.row_offsets[0] == 0 && codes.row_offsets[codes.rows] == codes.nnz && ld_atoms >= d && ld >= d;
    if (!sound) throw std::logic_error("multiply_sparse: no product that the library takes");
    ++memory_->counters.sparse_products;
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
    const BlockMemory memory(sizeof(typename Kernel::Shared), dynamic_bytes<Kernel>(args));
    AccessMonitor monitor;
    if constexpr (requires { Kernel::present(args); }) items = std::min<std::int64_t>(items, Kernel::present(args));
    for (std::int64_t item = 0; item < items; ++item) {
      memory.forget();
      HostGroup<Kernel::lanes, watched> group(monitor, settings().order, item % groups, memory.shared(), memory.bytes(),
                                              memory.dynamic());
      monitor.begin_item();
      Kernel::run(group, item, args, *static_cast<typename Kernel::Shared*>(memory.shared()));
    }
  }

  template <class Kernel>
  static std::size_t dynamic_bytes(const typename Kernel::Args& args) {
    std::size_t bytes = 0;
    if constexpr (requires { Kernel::dynamic_bytes(args); }) bytes = Kernel::dynamic_bytes(args);
    if (bytes > settings().most_dynamic_memory) throw std::logic_error(std::string(Kernel::name) + ": too much shared memory");
    return bytes;
  }

  /// Left its source, which may be reused, and has not arrived.
  class Travelling {
   public:
    explicit Travelling(const cuda::RowCopy& copy)
        : to_(copy), bytes_(static_cast<std::size_t>(copy.rows) * copy.row_bytes) {
      cuda::copy_on_host({bytes_.data(), copy.row_bytes, copy.from, copy.from_pitch, copy.row_bytes, copy.rows});
    }
    void arrive() const {
      cuda::copy_on_host({to_.to, to_.to_pitch, bytes_.data(), to_.row_bytes, to_.row_bytes, to_.rows});
    }

   private:
    cuda::RowCopy to_;
    std::vector<unsigned char> bytes_;
  };

  void land() {
    for (const Travelling& part : landings_) part.arrive();
    landings_.clear();
  }

  Device device_;
  std::shared_ptr<EmulatedMemory> memory_;
  CUstream_st* stream_;
  DeviceAllocator allocator_;
  std::vector<Travelling> travelling_;
  std::vector<unsigned char> landing_;
  std::vector<Travelling> landings_;
};

}  // namespace splice_cuda::emulation

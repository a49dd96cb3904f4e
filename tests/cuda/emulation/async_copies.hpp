#pragma once

/// @file async_copies.hpp
/// Asynchronous copies of an emulated group: each is made no earlier than the wait that covers it.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "cuda/emulation/access_monitor.hpp"

namespace splice_cuda::emulation {

class AsyncCopies {
 public:
  static constexpr std::size_t bytes = 16;

  struct Copy {
    unsigned char* to = nullptr;
    const unsigned char* from = nullptr;  ///< null: zeros
    std::size_t element_bytes = 0;
    int lane = 0;
  };

  /// The calling lane's. @param monitor  null: not watched
  void issue(Copy copy, AccessMonitor* monitor) {
    if (monitor != nullptr) {
      copy.lane = monitor->lane();
      const auto is_aligned = [](const unsigned char* at) { return reinterpret_cast<std::uintptr_t>(at) % bytes == 0; };
      if (!is_aligned(copy.to) || !is_aligned(copy.from)) monitor->report_misaligned_access();
      for (std::size_t at = 0; at < bytes; at += copy.element_bytes) monitor->begin_copy(copy.to + at);
    }
    open_.push_back(copy);
  }

  void commit() {
    batches_.push_back(std::move(open_));
    open_.clear();
  }

  /// All batches but the last `but`.
  void wait(std::size_t but, AccessMonitor* monitor) {
    for (; batches_.size() > but; batches_.erase(batches_.begin())) {
      for (const Copy& copy : batches_.front()) make(copy, monitor);
    }
  }

  /// Copies that nobody has waited for yet.
  std::size_t unfinished() const {
    std::size_t count = open_.size();
    for (const std::vector<Copy>& batch : batches_) count += batch.size();
    return count;
  }

 private:
  static void make(const Copy& copy, AccessMonitor* monitor) {
    if (copy.from != nullptr) {
      std::memcpy(copy.to, copy.from, bytes);
    } else {
      std::memset(copy.to, 0, bytes);
    }
    if (monitor == nullptr) return;
    for (std::size_t at = 0; at < bytes; at += copy.element_bytes) monitor->end_copy(copy.to + at, copy.lane);
  }

  std::vector<Copy> open_;
  std::vector<std::vector<Copy>> batches_;
};

}  // namespace splice_cuda::emulation

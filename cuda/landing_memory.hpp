#pragma once

/// @file landing_memory.hpp
/// Device memory to the host beside the work on other rows: to page-locked memory, which is kept from call to call.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "row_copy.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cuda {

/// Of one device, which has to be current in every call. `Link` is HostLink, or the tests'.
template <class Link>
class LandingMemory {
 public:
  explicit LandingMemory(Link link) : link_(link) {}
  ~LandingMemory() { close(); }
  LandingMemory(const LandingMemory&) = delete;
  LandingMemory& operator=(const LandingMemory&) = delete;

  /// Waits for what is on its way and gives everything back.
  void close() noexcept {
    if (landed_ != nullptr) {
      link_.try_to_wait(landed_);
      link_.destroy(std::exchange(landed_, {}));
    }
    plain_.reset();
    if (locked_ != nullptr) link_.unlock(std::exchange(locked_, nullptr));
    bytes_ = 0;
  }

  /// At least so many bytes, undefined; what was there before is gone. Where no more pages can be locked they are plain ones:
  /// copies to them wait for the device. @throws OutOfMemoryError, std::bad_alloc
  void* take(std::size_t bytes) {
    if (landed_ == nullptr) landed_ = link_.make_mark();
    if (bytes > bytes_) grow(std::max(bytes, bytes_ + bytes_ / 2));  // to lock pages takes longer than to fill them
    return locked_ != nullptr ? locked_ : plain_.get();
  }
  /// To memory of take(), in the order of `stream`.
  void copy(void* to, const void* from, std::size_t bytes, typename Link::Stream stream) {
    if (bytes == 0) return;
    link_.copy_rows(RowCopy::of_array(to, from, bytes), stream);
    link_.set(landed_, stream);
  }
  /// Until all copies are there.
  void wait() const { link_.wait(landed_); }

 private:
  void grow(std::size_t bytes) {
    link_.wait(landed_);
    bytes_ = 0;
    plain_.reset();
    if (locked_ != nullptr) link_.unlock(std::exchange(locked_, nullptr));
    try {
      locked_ = link_.lock(bytes);
    } catch (const OutOfMemoryError&) {
      plain_ = std::make_unique_for_overwrite<unsigned char[]>(bytes);
    }
    bytes_ = bytes;
  }

  Link link_;
  void* locked_ = nullptr;
  std::unique_ptr<unsigned char[]> plain_;
  std::size_t bytes_ = 0;
  typename Link::Mark landed_{};
};

}  // namespace splice_cuda::cuda

#pragma once

/// @file lazy_link.hpp
/// A link to a device that makes its copies as late as it may: when somebody waits for them. What does not wait reads, or
/// overwrites, too early.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>

#include <gtest/gtest.h>

#include "row_copy.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::testing {

/// A device that does what it has to when it must, and not before.
class LazyDevice {
 public:
  void enqueue(const cuda::RowCopy& copy) {
    const std::lock_guard lock(mutex_);
    copies_.push_back(copy);
    ++enqueued_;
  }
  std::int64_t enqueued() const {
    const std::lock_guard lock(mutex_);
    return enqueued_;
  }
  /// Makes the copies up to the given one.
  void reach(std::int64_t copy) {
    const std::lock_guard lock(mutex_);
    for (; done_ < copy; ++done_) {
      copy_on_host(copies_.front());
      copies_.pop_front();
    }
  }
  void finish() { reach(enqueued()); }
  std::int64_t outstanding() const {
    const std::lock_guard lock(mutex_);
    return enqueued_ - done_;
  }

  std::int64_t locks_left = 1000;  ///< of page-locked pieces, until there is no more
  bool waits = true;               ///< a link without them must fail the tests
  std::int64_t locked = 0;
  std::int64_t lockings = 0;
  std::int64_t marks = 0;
  mutable std::mutex counting;

 private:
  mutable std::mutex mutex_;
  std::deque<cuda::RowCopy> copies_;
  std::int64_t enqueued_ = 0;
  std::int64_t done_ = 0;
};

class LazyLink {
 public:
  using Stream = LazyDevice*;
  using Mark = std::int64_t*;  ///< how many copies come before it

  /// Whether the device is current in this thread.
  inline static thread_local bool entered = false;

  explicit LazyLink(LazyDevice& device) : device_(&device) { entered = true; }
  void enter() const { entered = true; }
  void* lock(std::size_t bytes) const {
    const std::lock_guard lock(device_->counting);
    if (device_->locks_left-- <= 0) throw OutOfMemoryError("lock: no more");
    ++device_->locked;
    ++device_->lockings;
    return new unsigned char[bytes];
  }
  void unlock(void* memory) const noexcept {
    const std::lock_guard lock(device_->counting);
    --device_->locked;
    delete[] static_cast<unsigned char*>(memory);
  }
  Mark make_mark() const {
    const std::lock_guard lock(device_->counting);
    ++device_->marks;
    return new std::int64_t(0);
  }
  void destroy(Mark mark) const noexcept {
    const std::lock_guard lock(device_->counting);
    --device_->marks;
    delete mark;
  }
  void set(Mark mark, Stream stream) const { *mark = stream->enqueued(); }
  void wait(Mark mark) const {
    if (device_->waits) device_->reach(*mark);
  }
  void try_to_wait(Mark mark) const noexcept { wait(mark); }
  void copy_rows(const cuda::RowCopy& copy, Stream stream) const {
    EXPECT_TRUE(entered);
    stream->enqueue(copy);
  }

 private:
  LazyDevice* device_;
};

}  // namespace splice_cuda::testing

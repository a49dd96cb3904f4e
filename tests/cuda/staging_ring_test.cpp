// Rows by way of slots and several threads, over a link whose copies are made as late as it may: when somebody waits for them.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/thrown_message.hpp"
#include "splice_cuda/error.hpp"
#include "staging_ring.hpp"

namespace splice_cuda::testing {
namespace {

using cuda::RowCopy;

/// A device that does what it has to when it must, and not before.
class LazyDevice {
 public:
  void enqueue(const RowCopy& copy) {
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

  std::int64_t locks_left = 1000;  ///< of page-locked pieces, until there is no more
  bool waits = true;               ///< a link without them must fail the tests
  std::int64_t locked = 0;
  std::int64_t marks = 0;
  mutable std::mutex counting;

 private:
  mutable std::mutex mutex_;
  std::deque<RowCopy> copies_;
  std::int64_t enqueued_ = 0;
  std::int64_t done_ = 0;
};

/// In this thread, as a device has to be current in each.
thread_local int entered = 0;

class LazyLink {
 public:
  struct Entry {
    Entry() { ++entered; }
    ~Entry() { --entered; }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
  };
  using Stream = LazyDevice*;
  using Mark = std::int64_t*;  ///< how many copies come before it

  explicit LazyLink(LazyDevice& device) : device_(&device) {}
  Entry enter() const { return {}; }
  void* lock(std::size_t bytes) const {
    const std::lock_guard lock(device_->counting);
    if (device_->locks_left-- <= 0) throw OutOfMemoryError("lock: no more");
    ++device_->locked;
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
  void copy_rows(const RowCopy& copy, Stream stream) const {
    // What is copied as it is needs no thread but the caller's, where the device is current.
    EXPECT_TRUE(entered == 1 || static_cast<std::size_t>(copy.rows) * copy.row_bytes <= cuda::StagingRing<LazyLink>::most_unstaged);
    stream->enqueue(copy);
  }

 private:
  LazyDevice* device_;
};

using Ring = cuda::StagingRing<LazyLink>;

std::vector<unsigned char> noise(std::size_t bytes) {
  std::vector<unsigned char> values(bytes);
  std::mt19937_64 random(7);
  for (std::size_t i = 0; i < bytes; i += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(values.data() + i, &word, std::min(bytes - i, sizeof word));
  }
  return values;
}

class Rings : public ::testing::TestWithParam<int> {};

TEST_P(Rings, BringRows) {
  LazyDevice device;
  // 40 slots' worth and a rest, out of a wider matrix.
  constexpr std::size_t row_bytes = 100 << 10;
  constexpr std::size_t pitch = row_bytes + 512;
  const std::int64_t rows = static_cast<std::int64_t>(40 * Ring::slot_bytes / row_bytes) + 3;
  const std::vector<unsigned char> from = noise(static_cast<std::size_t>(rows) * pitch);
  std::vector<unsigned char> to(static_cast<std::size_t>(rows) * row_bytes);
  {
    Ring ring(LazyLink(device), GetParam());
    ring.copy_rows({to.data(), row_bytes, from.data(), pitch, row_bytes, rows}, &device);
    device.finish();
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto i = static_cast<std::size_t>(row);
      ASSERT_EQ(std::memcmp(to.data() + i * row_bytes, from.data() + i * pitch, row_bytes), 0) << row;
    }
    EXPECT_LE(device.locked, Ring::most_threads * static_cast<std::int64_t>(Ring::slots_a_thread));
    EXPECT_GE(device.locked, 1);
  }
  EXPECT_EQ(device.locked, 0);
  EXPECT_EQ(device.marks, 0);
}

TEST_P(Rings, BringOneArray) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, Ring::most_unstaged, Ring::most_unstaged + 1, Ring::slot_bytes,
                                  9 * Ring::slot_bytes + 5}) {
    LazyDevice device;
    Ring ring(LazyLink(device), GetParam());
    const std::vector<unsigned char> from = noise(bytes);
    std::vector<unsigned char> to(bytes);
    ring.copy(to.data(), from.data(), bytes, &device);
    device.finish();
    EXPECT_TRUE(to == from) << bytes;
    EXPECT_EQ(device.locked > 0, bytes > Ring::most_unstaged) << bytes;
  }
}

/// No dictionary has such rows.
TEST_P(Rings, BringRowsLongerThanASlot) {
  LazyDevice device;
  Ring ring(LazyLink(device), GetParam());
  constexpr std::size_t row_bytes = Ring::slot_bytes + Ring::slot_bytes / 3;
  const std::vector<unsigned char> from = noise(3 * row_bytes);
  std::vector<unsigned char> to(from.size());
  ring.copy_rows({to.data(), row_bytes, from.data(), row_bytes, row_bytes, 3}, &device);
  device.finish();
  EXPECT_TRUE(to == from);
}

TEST_P(Rings, TheSourceMayBeReusedAtOnce) {
  LazyDevice device;
  Ring ring(LazyLink(device), GetParam());
  const std::vector<unsigned char> kept = noise(5 * Ring::slot_bytes);
  std::vector<unsigned char> from = kept;
  std::vector<unsigned char> to(kept.size());
  std::vector<unsigned char> later(kept.size());
  ring.copy(to.data(), from.data(), from.size(), &device);
  std::fill(from.begin(), from.end(), static_cast<unsigned char>(0));
  ring.copy(later.data(), kept.data(), kept.size(), &device);
  device.finish();
  EXPECT_TRUE(to == kept);
  EXPECT_TRUE(later == kept);
}

TEST_P(Rings, GoOnAfterMemoryWasShort) {
  LazyDevice device;
  device.locks_left = 0;
  Ring ring(LazyLink(device), GetParam());
  const std::vector<unsigned char> from = noise(6 * Ring::slot_bytes);
  std::vector<unsigned char> to(from.size());
  EXPECT_EQ(thrown_message<OutOfMemoryError>([&] { ring.copy(to.data(), from.data(), from.size(), &device); }), "lock: no more");
  device.locks_left = 100;
  ring.copy(to.data(), from.data(), from.size(), &device);
  device.finish();
  EXPECT_TRUE(to == from);
}

INSTANTIATE_TEST_SUITE_P(Threads, Rings, ::testing::Values(1, 2, 3, 8, 50));

/// That the tests above see a slot which is filled before its content has left.
TEST(Rings, WithoutWaitsAreNoticed) {
  LazyDevice device;
  device.waits = false;
  const std::vector<unsigned char> from = noise(4 * Ring::slot_bytes);
  std::vector<unsigned char> to(from.size());
  Ring ring(LazyLink(device), 1);
  ring.copy(to.data(), from.data(), from.size(), &device);
  device.finish();
  EXPECT_FALSE(to == from);
}

}  // namespace
}  // namespace splice_cuda::testing

// Rows by way of slots and several threads.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cuda/lazy_link.hpp"
#include "io/thrown_message.hpp"
#include "splice_cuda/error.hpp"
#include "staging_ring.hpp"

namespace splice_cuda::testing {
namespace {

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

void bring(Ring& ring, std::vector<unsigned char>& to, const std::vector<unsigned char>& from, LazyDevice& device) {
  ring.copy_rows({to.data(), to.size(), from.data(), from.size(), from.size(), 1}, &device);
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

/// A device closes it while it is current; what is closed can be used again.
TEST_P(Rings, GiveEverythingBackWhenTheyAreClosed) {
  LazyDevice device;
  const std::vector<unsigned char> from = noise(3 * Ring::slot_bytes);
  std::vector<unsigned char> to(from.size());
  Ring ring(LazyLink(device), GetParam());
  for (int round = 0; round < 2; ++round) {
    std::fill(to.begin(), to.end(), 0);
    bring(ring, to, from, device);
    EXPECT_GE(device.locked, 1);
    ring.close();
    EXPECT_EQ(to, from);
    EXPECT_EQ(device.locked, 0);
    EXPECT_EQ(device.marks, 0);
    ring.close();
  }
}

TEST_P(Rings, BringOneArray) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, Ring::slot_bytes, Ring::slot_bytes + 1, 9 * Ring::slot_bytes + 5}) {
    LazyDevice device;
    Ring ring(LazyLink(device), GetParam());
    const std::vector<unsigned char> from = noise(bytes);
    std::vector<unsigned char> to(bytes);
    bring(ring, to, from, device);
    device.finish();
    EXPECT_TRUE(to == from) << bytes;
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
  bring(ring, to, from, device);
  std::fill(from.begin(), from.end(), static_cast<unsigned char>(0));
  bring(ring, later, kept, device);
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
  EXPECT_EQ(thrown_message<OutOfMemoryError>([&] { bring(ring, to, from, device); }), "lock: no more");
  device.locks_left = 100;
  bring(ring, to, from, device);
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
  bring(ring, to, from, device);
  device.finish();
  EXPECT_FALSE(to == from);
}

}  // namespace
}  // namespace splice_cuda::testing

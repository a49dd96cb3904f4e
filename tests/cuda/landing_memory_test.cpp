// Results by way of memory that is kept from call to call.

#include <algorithm>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "cuda/lazy_link.hpp"
#include "landing_memory.hpp"

namespace splice_cuda::testing {
namespace {

using Landing = cuda::LandingMemory<LazyLink>;

std::vector<unsigned char> taken(const void* memory, std::size_t bytes) {
  const auto* begin = static_cast<const unsigned char*>(memory);
  return {begin, begin + bytes};
}

TEST(LandingMemory, HoldsWhatWasCopiedOnceItIsAwaited) {
  LazyDevice device;
  {
    Landing landing{LazyLink(device)};
    std::vector<unsigned char> source(1000, 7);
    auto* memory = static_cast<unsigned char*>(landing.take(1000));
    std::fill_n(memory, 1000, static_cast<unsigned char>(0));
    landing.copy(memory, source.data(), 600, &device);
    landing.copy(memory + 600, source.data() + 600, 400, &device);
    landing.copy(memory, source.data(), 0, &device);
    EXPECT_NE(taken(memory, 1000), source) << "nothing is there before somebody waits";
    landing.wait();
    EXPECT_EQ(taken(memory, 1000), source);
    EXPECT_EQ(device.locked, 1);
  }
  EXPECT_EQ(device.locked, 0);
  EXPECT_EQ(device.marks, 0);
}

TEST(LandingMemory, IsKeptAndGrows) {
  LazyDevice device;
  Landing landing{LazyLink(device)};
  void* first = landing.take(1000);
  EXPECT_EQ(landing.take(1), first);
  EXPECT_EQ(landing.take(1000), first);
  EXPECT_EQ(device.lockings, 1);
  landing.take(1001);
  EXPECT_EQ(device.lockings, 2);
  landing.take(1500);
  EXPECT_EQ(device.lockings, 2) << "half as much again";
  EXPECT_EQ(device.locked, 1);
}

/// A copy that nobody waited for, as its call was given up, arrives before its memory goes.
TEST(LandingMemory, WaitsBeforeMemoryGoes) {
  LazyDevice device;
  const std::vector<unsigned char> source(1 << 20, 3);
  {
    Landing landing{LazyLink(device)};
    landing.copy(landing.take(source.size()), source.data(), source.size(), &device);
    landing.take(2 * source.size());
    EXPECT_EQ(device.outstanding(), 0);
    landing.copy(landing.take(source.size()), source.data(), source.size(), &device);
    EXPECT_EQ(device.outstanding(), 1);
  }
  EXPECT_EQ(device.outstanding(), 0);
}

/// A device closes it while it is current; what is closed can be used again.
TEST(LandingMemory, GivesEverythingBackWhenItIsClosed) {
  LazyDevice device;
  const std::vector<unsigned char> source(1000, 3);
  Landing landing{LazyLink(device)};
  for (int round = 0; round < 2; ++round) {
    landing.copy(landing.take(source.size()), source.data(), source.size(), &device);
    EXPECT_EQ(device.locked, 1);
    landing.close();
    EXPECT_EQ(device.outstanding(), 0);
    EXPECT_EQ(device.locked, 0);
    EXPECT_EQ(device.marks, 0);
    landing.close();
  }
}

TEST(LandingMemory, IsPlainWhereNoPagesCanBeLocked) {
  LazyDevice device;
  Landing landing{LazyLink(device)};
  std::size_t bytes = 5000;
  for (const bool can_lock : {false, true, false}) {
    device.locks_left = can_lock ? 1 : 0;
    const std::vector<unsigned char> source(bytes, static_cast<unsigned char>(bytes % 251));
    void* memory = landing.take(bytes);
    landing.copy(memory, source.data(), bytes, &device);
    landing.wait();
    EXPECT_EQ(taken(memory, bytes), source);
    EXPECT_EQ(device.locked, can_lock ? 1 : 0);
    bytes *= 2;
  }
}

}  // namespace
}  // namespace splice_cuda::testing

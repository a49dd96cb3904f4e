// A device's memory: the limit is kept, less of it than planned makes smaller tiles, and all of it is given back.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <new>
#include <set>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/backend.hpp"
#include "cuda/device_array.hpp"
#include "io/thrown_message.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const SampleProblem& memory_sample() {
  static const SampleProblem problem = sample_problem(70, 21, 50, 31);
  return problem;
}

DecomposeResult solve(const ContextOptions& options) {
  const Context context(Device::cuda(0), options);
  return decompose(context, Dictionary(context, memory_sample().atom_view()), memory_sample().view(), {.l1_penalty = 0.1f});
}

TileCost cost() {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, memory_sample().atom_view());
  Problem problem;
  problem.dictionary = &dictionary.data();
  return context.backend().tile_cost(problem);
}

class DeviceMemory : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(counters().bytes, 0u) << "the test before kept memory"; }
  void TearDown() override {
    emulation::settings().memory_bytes = std::numeric_limits<std::size_t>::max();
    EXPECT_EQ(counters().bytes, 0u);
  }
};

TEST_F(DeviceMemory, WithoutALimitItIsAQuarterOfWhatIsFree) {
  constexpr std::size_t mebibyte = std::size_t{1} << 20;
  const auto limit_with = [](std::size_t bytes) {
    emulation::settings().memory_bytes = bytes;
    return Context(Device::cuda(0)).options().memory_limit_bytes;
  };
  EXPECT_EQ(limit_with(std::numeric_limits<std::size_t>::max()), 2048 * mebibyte);
  EXPECT_EQ(limit_with(6000 * mebibyte), 1500 * mebibyte);
  EXPECT_EQ(limit_with(100 * mebibyte), 256 * mebibyte) << "tiles are made smaller where even that is not there";
  EXPECT_EQ(Context(Device::cuda(0), {.memory_limit_bytes = mebibyte}).options().memory_limit_bytes, mebibyte);
  emulation::settings().memory_bytes = 6000 * mebibyte;
  const DeviceArray<char> taken(std::vector<char>(40 * mebibyte));
  EXPECT_EQ(Context(Device::cuda(0)).options().memory_limit_bytes, (6000 * mebibyte - counters().bytes) / 4);
}

TEST_F(DeviceMemory, ALimitBelowOneRowNamesItAndTheNeed) {
  const std::size_t need = cost().bytes(1);
  const std::string message = thrown_message<OutOfMemoryError>([&] { solve({.memory_limit_bytes = need - 1}); });
  EXPECT_EQ(message, "memory_limit_bytes: got " + std::to_string(need - 1) + ", expected at least " + std::to_string(need) +
                         " for a tile of one row with this dictionary");
  EXPECT_EQ(difference(solve({.memory_limit_bytes = need}), solve({})), "");
}

TEST_F(DeviceMemory, TilesStayWithinTheLimit) {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, memory_sample().atom_view());
  for (const std::int64_t rows : {1, 7, 50}) {
    const std::size_t limit = cost().bytes(rows);
    const Context limited(Device::cuda(0), {.memory_limit_bytes = limit});
    const std::size_t before = counters().bytes;
    emulation::emulated_device(0)->reset_peak();
    const DecomposeResult result = decompose(limited, dictionary, memory_sample().view(), {.l1_penalty = 0.1f});
    // Codes on their way to the host are outputs, beyond the limit.
    EXPECT_LE(counters().peak_bytes - before, limit + static_cast<std::size_t>(result.codes.nnz()) * 8 + 1024) << rows;
  }
}

TEST_F(DeviceMemory, TilesOfTargetsStayWithinTheLimit) {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, memory_sample().atom_view());
  for (const bool refit : {false, true}) {
    for (DecomposeOptions options : {DecomposeOptions{.target_l0 = 3}, DecomposeOptions{.target_cosine = 0.9f}}) {
      options.refit = refit;
      const DecomposeResult free = decompose(context, dictionary, memory_sample().view(), options);
      Problem problem;
      problem.dictionary = &dictionary.data();
      problem.target = {options.target_l0, static_cast<double>(options.target_cosine)};
      problem.refit = refit;
      for (const std::int64_t rows : {1, 7, 50}) {
        const std::size_t limit = context.backend().tile_cost(problem).bytes(rows);
        const Context limited(Device::cuda(0), {.memory_limit_bytes = limit});
        const std::size_t before = counters().bytes;
        emulation::emulated_device(0)->reset_peak();
        const DecomposeResult result = decompose(limited, dictionary, memory_sample().view(), options);
        EXPECT_LE(counters().peak_bytes - before, limit + static_cast<std::size_t>(result.codes.nnz()) * 8 + 1024) << rows;
        EXPECT_EQ(difference(result, free), "") << rows;
      }
    }
  }
}

/// Codes that rows start from come in parts where they have more entries than a row keeps.
TEST_F(DeviceMemory, LongCodesToStartFromStayWithinTheLimit) {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, memory_sample().atom_view());
  DecomposeResult start = solve({});
  start.codes.row_offsets = {0};
  start.codes.atom_indices.clear();
  for (std::int64_t i = 0; i < start.codes.rows; ++i) {
    for (std::int32_t k = 0; k < start.codes.cols; ++k) start.codes.atom_indices.push_back(k);
    start.codes.row_offsets.push_back(static_cast<std::int64_t>(start.codes.atom_indices.size()));
  }
  start.codes.values.assign(start.codes.atom_indices.size(), 0.001f);
  for (const std::int64_t rows : {1, 7, 50}) {
    const std::size_t limit = cost().bytes(rows);
    const Context limited(Device::cuda(0), {.memory_limit_bytes = limit});
    const std::size_t before = counters().bytes;
    emulation::emulated_device(0)->reset_peak();
    const DecomposeResult result = decompose(limited, dictionary, memory_sample().view(), {.l1_penalty = 0.1f, .warm_start = &start.codes});
    EXPECT_LE(counters().peak_bytes - before, limit + static_cast<std::size_t>(result.codes.nnz()) * 8 + 1024) << rows;
    for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified);
  }
}

TEST_F(DeviceMemory, LessThanPlannedMakesSmallerTiles) {
  const DecomposeResult expected = solve({});
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, memory_sample().atom_view());
  for (const std::int64_t rows : {2, 13, 30}) {
    emulation::settings().memory_bytes =
        counters().bytes + cost().bytes(rows) + static_cast<std::size_t>(rows) * 64 * 1024;
    EXPECT_EQ(difference(decompose(context, dictionary, memory_sample().view(), {.l1_penalty = 0.1f}), expected), "") << rows;
    emulation::settings().memory_bytes = std::numeric_limits<std::size_t>::max();
  }
}

TEST_F(DeviceMemory, NotEvenOneRow) {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, memory_sample().atom_view());
  const std::size_t before = counters().bytes;
  emulation::settings().memory_bytes = before + cost().row_bytes;
  EXPECT_THROW(decompose(context, dictionary, memory_sample().view()), OutOfMemoryError);
  EXPECT_EQ(counters().bytes, before);
  emulation::settings().memory_bytes = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(decompose(context, dictionary, memory_sample().view()).codes.rows, 50) << "the context lives on";
}

TEST_F(DeviceMemory, TooLittleForTheDictionary) {
  const Context context(Device::cuda(0));
  const std::size_t before = counters().bytes;
  emulation::settings().memory_bytes = before + 5000;
  EXPECT_THROW(Dictionary(context, memory_sample().atom_view()), OutOfMemoryError);
  EXPECT_EQ(counters().bytes, before);
}

/// An allocator that remembers what is out, and fails from its n-th call on.
struct Ledger {
  std::int64_t calls = 0;
  std::int64_t most_calls = std::numeric_limits<std::int64_t>::max();
  std::set<void*> out;
  std::set<CUstream_st*> streams;
  enum class Failure { null, bad_alloc, other } failure = Failure::null;
  std::size_t shift = 0;

  DeviceAllocator allocator() {
    return {[this](std::size_t bytes, CUstream_st* stream) { return allocate(bytes, stream); },
            [this](void* memory, CUstream_st* stream) {
              streams.insert(stream);
              EXPECT_EQ(out.erase(memory), 1u);
              std::free(static_cast<unsigned char*>(memory) - shift);
            }};
  }

 private:
  void* allocate(std::size_t bytes, CUstream_st* stream) {
    streams.insert(stream);
    if (++calls > most_calls) {
      if (failure == Failure::bad_alloc) throw std::bad_alloc();
      if (failure == Failure::other) throw std::runtime_error("the pool is dry");
      return nullptr;
    }
    void* memory = static_cast<unsigned char*>(std::aligned_alloc(256, (bytes + shift + 255) / 256 * 256)) + shift;
    out.insert(memory);
    return memory;
  }
};

TEST_F(DeviceMemory, ComesFromTheCallersAllocator) {
  Ledger ledger;
  auto* const stream = reinterpret_cast<CUstream_st*>(&ledger);
  DeviceDecomposeResult kept;
  {
    const Context context(Device::cuda(0), {.stream = stream, .allocator = ledger.allocator()});
    const Dictionary dictionary(context, memory_sample().atom_view());
    EXPECT_EQ(difference(decompose(context, dictionary, memory_sample().view(), {.l1_penalty = 0.1f}), solve({})), "");
    kept = decompose_on_device(context, dictionary, memory_sample().view(), {.l1_penalty = 0.1f});
    std::size_t bytes = counters().bytes;
    EXPECT_GT(bytes, 0u);
  }
  EXPECT_GE(ledger.out.size(), 4u);
  EXPECT_TRUE(ledger.out.contains(const_cast<float*>(kept.values)));
  kept = {};
  EXPECT_TRUE(ledger.out.empty());
  EXPECT_EQ(ledger.streams, std::set<CUstream_st*>{stream});
}

/// Whichever allocation fails, the error is the same and nothing is kept.
TEST_F(DeviceMemory, IsGivenBackWhereverItRanOut) {
  std::int64_t calls = 0;
  {
    Ledger all;
    solve({.allocator = all.allocator()});
    calls = all.calls;
  }
  ASSERT_GT(calls, 20);
  for (std::int64_t most = 0; most < calls; ++most) {
    Ledger ledger;
    ledger.most_calls = most;
    ledger.failure = static_cast<Ledger::Failure>(most % 3);
    EXPECT_THROW(solve({.allocator = ledger.allocator()}), OutOfMemoryError) << most;
    EXPECT_TRUE(ledger.out.empty()) << most;
  }
}

TEST_F(DeviceMemory, TheCallersReasonIsTold) {
  Ledger ledger;
  ledger.most_calls = 0;
  ledger.failure = Ledger::Failure::other;
  const std::string message = thrown_message<OutOfMemoryError>([&] { solve({.allocator = ledger.allocator()}); });
  EXPECT_THAT(message, StartsWith("allocator: "));
  EXPECT_THAT(message, HasSubstr("bytes of device memory: the pool is dry"));
}

TEST_F(DeviceMemory, OfTheAllocatorHasToBeAligned) {
  Ledger ledger;
  ledger.shift = 64;
  EXPECT_EQ(argument_error([&] { solve({.allocator = ledger.allocator()}); }),
            "allocator: got memory 64 bytes past a multiple of 256, expected alignment to 256 bytes");
  EXPECT_TRUE(ledger.out.empty());
}

TEST_F(DeviceMemory, HalfAnAllocatorIsNamed) {
  Ledger ledger;
  DeviceAllocator half = ledger.allocator();
  half.release = nullptr;
  EXPECT_EQ(argument_error([&] { Context(Device::cuda(0), {.allocator = half}); }),
            "allocator: got allocate without release, expected both functions or neither");
}

TEST_F(DeviceMemory, IsGivenBackAfterAWrongArgument) {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, memory_sample().atom_view());
  const std::size_t before = counters().bytes;
  EXPECT_THROW(decompose(context, dictionary, memory_sample().view(), {.l1_penalty = -1}), ArgumentError);
  EXPECT_EQ(counters().bytes, before);
}

}  // namespace
}  // namespace splice_cuda::testing

// One batch on several devices: the bits of one of them, errors and callbacks of the whole.

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/device_array.hpp"
#include "cuda/emulation/emulated_devices.hpp"
#include "io/thrown_message.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::StartsWith;

const SampleProblem& sharded_sample() {
  static const SampleProblem problem = sample_problem(50, 16, 1400, 77);  // six pieces for two shards
  return problem;
}

struct Part {
  explicit Part(Device device, ContextOptions options = {}) : context(device, std::move(options)) {}
  Context context;
  Dictionary dictionary{context, sharded_sample().atom_view()};
  Shard shard() const { return {&context, &dictionary}; }
};

class Sharding : public ::testing::TestWithParam<std::pair<Device, Device>> {
 protected:
  static ContextOptions resources() { return {.threads = 1}; }

  Part first{GetParam().first, resources()};
  Part second{GetParam().second, resources()};
  std::vector<Shard> shards{first.shard(), second.shard()};
  DecomposeOptions options{.l1_penalty = 0.1f};
};

TEST_P(Sharding, GivesTheBitsOfOneDevice) {
  const DecomposeResult expected = decompose(first.context, first.dictionary, sharded_sample().view(), options);
  for (const std::int64_t rows : {0, 1, 255, 257, 1400}) {
    const EmbeddingsView part = EmbeddingsView(sharded_sample().view()).slice(0, rows);
    const DecomposeResult result = decompose(shards, part, options);
    EXPECT_EQ(difference(result, decompose(first.context, first.dictionary, part, options)), "") << rows;
    EXPECT_EQ(malformed(result.codes), "");
  }
  EXPECT_EQ(difference(decompose(std::vector<Shard>{second.shard()}, sharded_sample().view(), options), expected), "");
}

TEST_P(Sharding, PenaltiesAndStartsGoWithTheirRows) {
  const DecomposeResult start = decompose(first.context, first.dictionary, sharded_sample().view(), {.l1_penalty = 0.15f});
  std::vector<float> penalties;
  for (int i = 0; i < 1400; ++i) penalties.push_back(0.08f + 0.001f * static_cast<float>(i % 50));
  options.l1_penalties = penalties;
  options.warm_start = &start.codes;
  EXPECT_EQ(difference(decompose(shards, sharded_sample().view(), options), decompose(first.context, first.dictionary, sharded_sample().view(), options)), "");
}

TEST_P(Sharding, ProgressCountsAllRows) {
  std::atomic<int> inside{0};
  std::vector<std::int64_t> told;
  Part watched(GetParam().first, {.threads = 1, .progress = [&](std::int64_t done, std::int64_t all) {
                 EXPECT_EQ(inside.fetch_add(1), 0) << "two at once";
                 EXPECT_EQ(all, 1400);
                 told.push_back(done);
                 inside.fetch_sub(1);
               }});
  decompose(std::vector<Shard>{watched.shard(), second.shard()}, sharded_sample().view(), options);
  ASSERT_GE(told.size(), 6u);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end(), std::less_equal<>{}));
  EXPECT_EQ(told.back(), 1400);
}

TEST_P(Sharding, CancelStopsAllShards) {
  std::atomic<std::int64_t> reached{0};
  Part watched(GetParam().first, {.threads = 1, .cancel = [&] { return reached > 0; },
                                  .progress = [&](std::int64_t done, std::int64_t) { reached = done; }});
  EXPECT_THROW(decompose(std::vector<Shard>{watched.shard(), second.shard()}, sharded_sample().view(), options), CancelledError);
  EXPECT_LT(reached, 1400);
}

TEST_P(Sharding, WrongShardsAreNamed) {
  const auto refusal = [&](std::vector<Shard> given) {
    return argument_error([&] { decompose(given, sharded_sample().view(), options); });
  };
  EXPECT_EQ(refusal({}), "shards: got none, expected at least one");
  EXPECT_EQ(refusal({first.shard(), {nullptr, &second.dictionary}}), "shards[1].context: got a null pointer, expected a context");
  EXPECT_EQ(refusal({{&first.context, nullptr}}), "shards[0].dictionary: got a null pointer, expected a dictionary");
  EXPECT_EQ(refusal({first.shard(), second.shard(), first.shard()}), "shards[2].context: got the context of shards[0], expected one of its own");
  const Dictionary fewer(second.context, MatrixView<const float>{sharded_sample().dictionary.data(), 49, 16});
  EXPECT_EQ(refusal({first.shard(), {&second.context, &fewer}}),
            "shards[1].dictionary: got 49 atoms of length 16, expected the first shard's, 50 of length 16");
}

TEST_P(Sharding, WrongArgumentsAreNamed) {
  options.l1_penalty = 0;
  EXPECT_THAT(argument_error([&] { decompose(shards, sharded_sample().view(), options); }), StartsWith("l1_penalty: got 0"));
}

INSTANTIATE_TEST_SUITE_P(, Sharding,
                         ::testing::Values(std::pair(Device::cuda(0), Device::cuda(1)), std::pair(Device::cpu(), Device::cpu())),
                         [](const auto& devices) { return devices.param.first == Device::cpu() ? "cpu" : "cuda"; });

TEST(ShardingOfDevices, ADictionaryOfTheOtherDeviceIsNamed) {
  const Part first(Device::cuda(0));
  const Part second(Device::cuda(1));
  const std::vector<Shard> crossed = {first.shard(), {&second.context, &first.dictionary}};
  EXPECT_THAT(argument_error([&] { decompose(crossed, sharded_sample().view()); }), StartsWith("dictionary: got a dictionary on cuda:0"));
}

TEST(ShardingOfDevices, EmbeddingsOfOneDeviceAreNotTheOthers) {
  const Part first(Device::cuda(0));
  const Part second(Device::cuda(1));
  const DeviceArray<float> rows(sharded_sample().embeddings);
  const MatrixView<const float> view{rows.get(), 1400, 16, 16, Device::cuda(0)};
  const std::vector<Shard> shards = {first.shard(), second.shard()};
  EXPECT_THAT(argument_error([&] { decompose(shards, view); }), StartsWith("embeddings: got data on cuda:0, expected data on cpu or on cuda:1"));
}

/// A thread of a shard's own never comes back to the device that was current when it began: none of another one's is touched. The
/// first shard works on the caller's thread, whose device stays.
TEST(ShardingOfDevices, ThreadsOfTheirOwnStayOnTheirDevice) {
  const auto entered = [](int index) { return emulation::emulated_device(index)->counters().entered_threads; };
  const Part first(Device::cuda(0));
  const Part second(Device::cuda(1));
  const std::int64_t before[] = {entered(0), entered(1)};
  decompose(std::vector<Shard>{first.shard(), second.shard()}, sharded_sample().view());
  EXPECT_EQ(entered(0), before[0]);
  EXPECT_EQ(entered(1), before[1] + 1);
}

/// The error that came first is the one that is thrown, not the word to stop that it gave the others.
TEST(ShardingOfDevices, AnErrorInOneStopsTheOthers) {
  std::int64_t calls = 0;
  bool fails = false;
  const DeviceAllocator failing = {
      [&](std::size_t bytes, CUstream_st*) -> void* {
        ++calls;
        return fails ? nullptr : std::aligned_alloc(256, (bytes + 255) / 256 * 256);
      },
      [](void* memory, CUstream_st*) { std::free(memory); }};
  const Part first(Device::cuda(0));
  const Part second(Device::cuda(1), {.allocator = failing});
  fails = true;
  const std::vector<Shard> shards = {first.shard(), second.shard()};
  for (int repetition = 0; repetition < 5; ++repetition) {
    EXPECT_THROW(decompose(shards, sharded_sample().view()), OutOfMemoryError);
  }
  fails = false;
  EXPECT_EQ(decompose(shards, sharded_sample().view()).codes.rows, 1400);
}

}  // namespace
}  // namespace splice_cuda::testing

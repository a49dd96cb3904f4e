// Results in device memory: bit by bit those of decompose, one wait a tile, and memory that outlives the context.

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/backend.hpp"
#include "cuda/device_array.hpp"
#include "io/thrown_message.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

const SampleProblem& results_sample() {
  static const SampleProblem problem = sample_problem(90, 24, 70, 12);
  return problem;
}

/// The limit that leaves a device `rows` rows a tile.
std::size_t limit_for(const Context& context, std::int64_t rows) {
  const Dictionary dictionary(context, results_sample().atom_view());
  Problem problem;
  problem.dictionary = &dictionary.data();
  const TileCost cost = context.backend().tile_cost(problem);
  return cost.bytes(rows);
}

class DeviceResults : public ::testing::TestWithParam<Device> {
 protected:
  Context context{GetParam()};
  Dictionary dictionary{context, results_sample().atom_view()};
  DecomposeOptions options{.l1_penalty = 0.1f};
};

TEST_P(DeviceResults, AreThoseOfDecompose) {
  const DeviceDecomposeResult result = decompose_on_device(context, dictionary, results_sample().view(), options);
  const DecomposeResult expected = decompose(context, dictionary, results_sample().view(), options);
  EXPECT_EQ(result.device, GetParam());
  EXPECT_EQ(result.rows, 70);
  EXPECT_EQ(result.cols, 90);
  EXPECT_EQ(result.nnz, expected.codes.nnz());
  EXPECT_EQ(difference(to_host(context, result), expected), "");
  EXPECT_EQ(malformed(to_host(context, result).codes), "");
}

TEST_P(DeviceResults, OfSeveralTiles) {
  const Context little(GetParam(), {.threads = 1, .memory_limit_bytes = limit_for(context, 9)});
  const Dictionary own(little, results_sample().atom_view());
  const DecomposeResult expected = decompose(context, dictionary, results_sample().view(), options);
  const DeviceDecomposeResult result = decompose_on_device(little, own, results_sample().view(), options);
  EXPECT_EQ(difference(to_host(little, result), expected), "");
}

TEST_P(DeviceResults, OfNoRowAndOfOne) {
  const DeviceDecomposeResult none = decompose_on_device(context, dictionary, results_sample().view().slice(0, 0), options);
  EXPECT_EQ(none.rows, 0);
  EXPECT_EQ(none.nnz, 0);
  EXPECT_EQ(to_host(context, none).codes.row_offsets, std::vector<std::int64_t>{0});
  const DeviceDecomposeResult one = decompose_on_device(context, dictionary, results_sample().view().slice(5, 1), options);
  const DecomposeResult expected = decompose(context, dictionary, results_sample().view(), options);
  EXPECT_EQ(row_difference(to_host(context, one), 0, expected, 5), "");
}

TEST_P(DeviceResults, WithoutAnyEntry) {
  options.l1_penalty = 100;
  const DeviceDecomposeResult result = decompose_on_device(context, dictionary, results_sample().view(), options);
  EXPECT_EQ(result.nnz, 0);
  EXPECT_EQ(to_host(context, result).codes.row_offsets, std::vector<std::int64_t>(71, 0));
}

TEST_P(DeviceResults, WithAPenaltyARow) {
  std::vector<float> penalties;
  for (int i = 0; i < 70; ++i) penalties.push_back(0.05f + 0.01f * static_cast<float>(i % 7));
  options.l1_penalties = penalties;
  const DeviceDecomposeResult result = decompose_on_device(context, dictionary, results_sample().view(), options);
  EXPECT_EQ(difference(to_host(context, result), decompose(context, dictionary, results_sample().view(), options)), "");
}

TEST_P(DeviceResults, OutliveContextAndDictionary) {
  auto own = std::make_unique<Context>(GetParam());
  auto atoms = std::make_unique<Dictionary>(*own, results_sample().atom_view());
  const DeviceDecomposeResult result = decompose_on_device(*own, *atoms, results_sample().view(), options);
  atoms.reset();
  own.reset();
  EXPECT_EQ(difference(to_host(context, result), decompose(context, dictionary, results_sample().view(), options)), "");
}

TEST_P(DeviceResults, OnAnotherDeviceAreNotRead) {
  DeviceDecomposeResult result = decompose_on_device(context, dictionary, results_sample().view(), options);
  result.device = Device::cuda(1);
  EXPECT_THAT(argument_error([&] { to_host(context, result); }), ::testing::StartsWith("result: got arrays on cuda:1, expected arrays on " + to_string(GetParam())));
}

TEST_P(DeviceResults, CancelAndProgress) {
  std::vector<std::int64_t> told;
  bool stop = false;
  const Context watched = context.with_callbacks([&] { return stop; }, [&](std::int64_t done, std::int64_t all) {
    EXPECT_EQ(all, 70);
    told.push_back(done);
  });
  decompose_on_device(watched, dictionary, results_sample().view(), options);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), 70);
  stop = true;
  EXPECT_THROW(decompose_on_device(watched, dictionary, results_sample().view(), options), CancelledError);
}

TEST_P(DeviceResults, WrongArgumentsAreNamed) {
  options.l1_penalty = -1;
  EXPECT_THAT(argument_error([&] { decompose_on_device(context, dictionary, results_sample().view(), options); }), ::testing::StartsWith("l1_penalty: got -1"));
}

INSTANTIATE_TEST_SUITE_P(, DeviceResults, ::testing::Values(Device::cpu(), Device::cuda(0)),
                         [](const auto& device) { return device.param == Device::cpu() ? "cpu" : "cuda"; });

TEST(DeviceResultsMemory, LiesOnTheDeviceAndIsGivenBack) {
  ASSERT_EQ(counters().bytes, 0u);
  {
    const Context context(Device::cuda(0), {.memory_limit_bytes = limit_for(Context(Device::cuda(0)), 11)});
    const Dictionary dictionary(context, results_sample().atom_view());
    const std::size_t before = counters().bytes;
    DeviceDecomposeResult result = decompose_on_device(context, dictionary, results_sample().view(), {.l1_penalty = 0.1f});
    for (const void* array : std::vector<const void*>{result.row_offsets, result.atom_indices, result.values, result.reports}) {
      EXPECT_EQ(emulation::emulated_place_of(array).device, Device::cuda(0));
    }
    EXPECT_EQ(counters().bytes, before + 71 * 8 + 70 * sizeof(RowReport) + static_cast<std::size_t>(result.nnz) * 8);
    result = {};
    EXPECT_EQ(counters().bytes, before);
  }
  EXPECT_EQ(counters().bytes, 0u);
}

TEST(DeviceResultsMemory, IsGivenBackAfterACancelledCall) {
  {
    const Context context(Device::cuda(0), {.cancel = [] { return true; }});
    const Dictionary dictionary(context, results_sample().atom_view());
    EXPECT_THROW(decompose_on_device(context, dictionary, results_sample().view()), CancelledError);
  }
  EXPECT_EQ(counters().bytes, 0u);
}

/// Of the waits of a call, one a tile is for the number of entries; the rest are the solver's, and decompose's too.
TEST(DeviceResultsMemory, WaitsOnceATile) {
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, results_sample().atom_view());
  const auto waits = [&](const auto& call) {
    const std::int64_t before = counters().synchronizations;
    call();
    return counters().synchronizations - before;
  };
  const std::int64_t host = waits([&] { decompose(context, dictionary, results_sample().view()); });
  const std::int64_t device = waits([&] { decompose_on_device(context, dictionary, results_sample().view()); });
  EXPECT_EQ(device, host - 1) << "decompose waits for the offsets and for the codes";
}

TEST(DeviceResultsMemory, NoFaultsWhenWatched) {
  const emulation::Watched watched;
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, results_sample().atom_view());
  decompose_on_device(context, dictionary, results_sample().view().slice(0, 5), {.l1_penalty = 0.1f});
  EXPECT_EQ(emulation::faults().total(), 0) << emulation::faults().first;
}

}  // namespace
}  // namespace splice_cuda::testing

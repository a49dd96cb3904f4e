// Streams: rows travel beside the work, a stream that captures a graph is refused, stages have names.

#include <functional>
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

const SampleProblem& streamed_sample() {
  static const SampleProblem problem = sample_problem(60, 18, 100, 41);
  return problem;
}

class Streams : public ::testing::Test {
 protected:
  /// A context whose tiles hold so many rows.
  Context with_tiles_of(std::int64_t rows) const {
    Problem problem;
    problem.dictionary = &dictionary.data();
    const TileCost cost = context.backend().tile_cost(problem);
    return Context(Device::cuda(0), {.memory_limit_bytes = cost.bytes(rows)});
  }

  Context context{Device::cuda(0)};
  Dictionary dictionary{context, streamed_sample().atom_view()};
  DecomposeOptions options{.l1_penalty = 0.1f};
};

TEST_F(Streams, TheNextTilesRowsTravelBesideTheWork) {
  const DecomposeResult expected = decompose(context, dictionary, streamed_sample().view(), options);
  for (const RowReport& report : expected.reports) ASSERT_EQ(report.status, RowStatus::certified);
  for (const std::int64_t rows : {1, 17, 25, 99}) {
    const Context tiled = with_tiles_of(rows);
    const emulation::DeviceCounters before = counters();
    EXPECT_EQ(difference(decompose(tiled, dictionary, streamed_sample().view(), options), expected), "") << rows;
    EXPECT_EQ(counters().uploaded_rows - before.uploaded_rows, 100) << "each row once, with tiles of " << rows;
    EXPECT_GE(counters().waits_with_uploads - before.waits_with_uploads, 99 / rows) << "tiles of " << rows;
  }
}

/// A tile's results are handed over while the device works on the next one; the last ones at once.
TEST_F(Streams, ResultsTravelBesideTheNextTilesWork) {
  std::vector<std::int64_t> told;
  std::vector<std::int64_t> prepared;  // tiles, when rows are told of
  auto launches = counters().launches_of;
  const std::int64_t before = launches["prepare_kernel"];
  const Context tiled = with_tiles_of(17).with_callbacks({}, [&](std::int64_t done, std::int64_t) {
    told.push_back(done);
    prepared.push_back(counters().launches_of.at("prepare_kernel") - before);
  });
  const DecomposeResult result = decompose(tiled, dictionary, streamed_sample().view(), options);
  EXPECT_EQ(told, (std::vector<std::int64_t>{17, 34, 51, 68, 85, 100}));
  EXPECT_EQ(prepared, (std::vector<std::int64_t>{2, 3, 4, 5, 6, 6}));
  EXPECT_EQ(difference(result, decompose(context, dictionary, streamed_sample().view(), options)), "");
}

/// Rows of the device do not travel, their results do.
TEST_F(Streams, ResultsOfTheDevicesRowsTravelToo) {
  const DeviceArray<float> rows(streamed_sample().embeddings);
  const MatrixView<const float> view{rows.get(), 100, 18, 18, Device::cuda(0)};
  std::vector<std::int64_t> told;
  const Context tiled = with_tiles_of(30).with_callbacks({}, [&](std::int64_t done, std::int64_t) { told.push_back(done); });
  const DecomposeResult result = decompose(tiled, dictionary, view, options);
  EXPECT_EQ(told, (std::vector<std::int64_t>{30, 60, 90, 100}));
  EXPECT_EQ(difference(result, decompose(context, dictionary, streamed_sample().view(), options)), "");
}

TEST_F(Streams, SoWithResultsOnTheDevice) {
  const Context tiled = with_tiles_of(17);
  const emulation::DeviceCounters before = counters();
  const DeviceDecomposeResult result = decompose_on_device(tiled, dictionary, streamed_sample().view(), options);
  EXPECT_EQ(difference(to_host(tiled, result), decompose(context, dictionary, streamed_sample().view(), options)), "");
  EXPECT_EQ(counters().uploaded_rows - before.uploaded_rows, 200);
  EXPECT_GE(counters().waits_with_uploads - before.waits_with_uploads, 5);
}

TEST_F(Streams, RowsOfTheDeviceDoNotTravel) {
  const DeviceArray<float> rows(streamed_sample().embeddings);
  const std::int64_t before = counters().uploaded_rows;
  decompose(context, dictionary, MatrixView<const float>{rows.get(), 100, 18, 18, Device::cuda(0)}, options);
  EXPECT_EQ(counters().uploaded_rows, before);
}

TEST_F(Streams, ACallThatEndsWhileRowsTravel) {
  int calls = 0;
  const Context tiled = with_tiles_of(10).with_callbacks([&] { return ++calls > 4; }, {});
  EXPECT_THROW(decompose(tiled, dictionary, streamed_sample().view(), options), CancelledError);
  EXPECT_EQ(decompose(with_tiles_of(10), dictionary, streamed_sample().view(), options).codes.rows, 100);
}

/// What it left behind does not come up in the next call on the same device.
TEST_F(Streams, ACallThatEndsWhileResultsTravel) {
  const DecomposeResult expected = decompose(context, dictionary, streamed_sample().view(), options);
  const Context tiled = with_tiles_of(20);
  const Dictionary own(tiled, streamed_sample().atom_view());
  for (int most : {3, 4, 5, 6, 7, 8, 9}) {  // in the first, the second or the third tile
    int calls = 0;
    const Context stopped = tiled.with_callbacks([&] { return ++calls > most; }, {});
    EXPECT_THROW(decompose(stopped, own, streamed_sample().view(), options), CancelledError);
    EXPECT_EQ(difference(decompose(tiled, own, streamed_sample().view(), options), expected), "") << most;
  }
}

TEST_F(Streams, OneThatCapturesAGraphIsRefused) {
  const DecomposeResult result = decompose(context, dictionary, streamed_sample().view(), options);
  const DeviceDecomposeResult on_device = decompose_on_device(context, dictionary, streamed_sample().view(), options);
  std::vector<float> out(streamed_sample().embeddings.size());
  const std::vector<float> path = {0.2f};
  const std::vector<std::function<void()>> calls = {
      [] { Context(Device::cuda(0)); },
      [&] { Dictionary(context, streamed_sample().atom_view()); },
      [&] { decompose(context, dictionary, streamed_sample().view(), options); },
      [&] { decompose_path(context, dictionary, streamed_sample().view(), path, options); },
      [&] { decompose_on_device(context, dictionary, streamed_sample().view(), options); },
      [&] { to_host(context, on_device); },
      [&] { certify(context, dictionary, streamed_sample().view(), result.codes, options); },
      [&] { recompose(context, dictionary, result.codes, {out.data(), 100, 18}); },
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    emulation::settings().capturing = true;
    const std::string message = argument_error(calls[i]);
    emulation::settings().capturing = false;
    EXPECT_THAT(message, ::testing::StartsWith("stream: got a stream that is capturing a graph, expected one that is not")) << i;
  }
}

TEST_F(Streams, StagesHaveNames) {
  const auto before = counters().ranges;
  decompose(with_tiles_of(50), dictionary, streamed_sample().view(), options);
  for (const char* stage : {"splice prepare", "splice screen", "splice solve", "splice certify", "splice compact"}) {
    const auto found = before.find(stage);
    EXPECT_GE(counters().ranges.at(stage), 2 + (found == before.end() ? 0 : found->second)) << stage;
  }
}

}  // namespace
}  // namespace splice_cuda::testing

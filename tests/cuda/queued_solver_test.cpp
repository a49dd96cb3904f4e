// Rounds that are only enqueued: the bits of decompose, without a wait, an allocation or a transfer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "cuda/emulation/emulated_devices.hpp"
#include "cuda/row_codes.hpp"
#include "device_buffer.hpp"
#include "splice_cuda/splice_cuda.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

template <class T>
using Buffer = cuda::DeviceBuffer<T, emulation::EmulatedDevice>;

/// A sample on the emulated device, and room for its codes.
struct Batch {
  Batch(const SampleProblem& sample_, std::int64_t stride)
      : sample(sample_),
        device(emulation::emulated_device(0)),
        rows(cuda::uploaded(*device, sample.embeddings.data(), static_cast<std::int64_t>(sample.embeddings.size()))),
        counts(*device, sample.rows),
        atoms(*device, sample.rows * stride),
        values(*device, sample.rows * stride),
        reports(*device, sample.rows),
        codes{stride, counts.get(), atoms.get(), values.get(), reports.get()} {}

  EmbeddingsView view() const {
    return {rows.get(), DType::float32, sample.rows, sample.dim, sample.dim, Device::cuda(0)};
  }
  DecomposeResult result() const { return result_of(codes, sample.rows, sample.atoms); }  // the host reads what is emulated

  SampleProblem sample;
  std::shared_ptr<emulation::EmulatedDevice> device;
  Buffer<float> rows;
  Buffer<std::int32_t> counts;
  Buffer<std::int32_t> atoms;
  Buffer<float> values;
  Buffer<RowReport> reports;
  RowCodes codes;
};

/// A caller without promises: emulated_device's own counters are shared by all engines of the device.
const emulation::DeviceCounters& counters() { return emulation::emulated_device(0)->counters(); }

TEST(QueuedSolver, HasTheBitsOfDecompose) {
  const Batch batch(sample_problem(300, 40, 37, 11), 40);
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, batch.sample.atom_view());
  for (const float penalty : {0.25f, 0.05f}) {
    QueuedSolver solver(context, dictionary, 64, {.l1_penalty = penalty}, 12);
    solver.enqueue(batch.view(), batch.codes);
    const DecomposeResult expected = decompose(context, dictionary, batch.view(), {.l1_penalty = penalty});
    EXPECT_EQ(difference(batch.result(), expected), "");
  }
}

TEST(QueuedSolver, OnlyEnqueues) {
  const Batch batch(sample_problem(200, 33, 20, 12), 33);
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, batch.sample.atom_view());
  QueuedSolver solver(context, dictionary, 20);
  const emulation::DeviceCounters before = counters();
  emulation::settings().capturing = true;
  emulation::settings().memory_bytes = before.bytes;  // not one byte more
  solver.enqueue(batch.view(), batch.codes);
  emulation::settings().capturing = false;
  emulation::settings().memory_bytes = std::numeric_limits<std::size_t>::max();
  EXPECT_GT(counters().launches, before.launches);
  EXPECT_EQ(counters().synchronizations, before.synchronizations);
  EXPECT_EQ(counters().uploaded_rows, before.uploaded_rows);
  EXPECT_EQ(counters().peak_bytes, before.peak_bytes);
}

TEST(QueuedSolver, SaysWhatRowsAreWorthThatAreNotDone) {
  const Batch batch(sample_problem(400, 48, 25, 13), 48);
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, batch.sample.atom_view());
  const DecomposeOptions options{.l1_penalty = 0.02f};
  QueuedSolver solver(context, dictionary, 25, options, 1);
  solver.enqueue(batch.view(), batch.codes);
  const DecomposeResult result = batch.result();
  EXPECT_EQ(malformed(result.codes), "");
  const std::vector<RowReport> expected = certify(Context{}, Dictionary(Context{}, batch.sample.atom_view()),
                                                  batch.sample.view(), result.codes, options);
  int open = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(result.reports[i].gap, expected[i].gap, 1e-6 * result.reports[i].primal) << i;
    open += result.reports[i].status == RowStatus::budget_exhausted ? 1 : 0;
  }
  EXPECT_GT(open, 0) << "one round should not do";
}

TEST(QueuedSolver, CountsWhatHasNoPlace) {
  const Batch wide(sample_problem(200, 33, 20, 14), 33);
  const Batch narrow(wide.sample, 2);
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, wide.sample.atom_view());
  QueuedSolver solver(context, dictionary, 20, {.l1_penalty = 0.1f});
  solver.enqueue(wide.view(), wide.codes);
  solver.enqueue(narrow.view(), narrow.codes);
  for (std::int64_t i = 0; i < wide.sample.rows; ++i) {
    ASSERT_EQ(narrow.counts.get()[i], wide.counts.get()[i]);
    for (std::int64_t e = 0; e < std::min(2, wide.counts.get()[i]); ++e) {
      EXPECT_EQ(narrow.atoms.get()[i * 2 + e], wide.atoms.get()[i * 33 + e]);
    }
  }
}

TEST(QueuedSolver, TakesBatchesOfOtherSizes) {
  const Batch batch(sample_problem(150, 24, 17, 15), 24);
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, batch.sample.atom_view());
  QueuedSolver solver(context, dictionary, 17, {}, 12);
  solver.enqueue(batch.view(), batch.codes);
  const DecomposeResult whole = batch.result();
  solver.enqueue(batch.view().slice(0, 0), batch.codes);
  solver.enqueue(batch.view().slice(5, 1), batch.codes);
  EXPECT_EQ(row_difference(batch.result(), 0, whole, 5), "");
}

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// The dictionary's memory goes in the order of the stream of the context that made it: a solver on another one waits for its own.
TEST(QueuedSolver, ThatHasADictionaryOfAnotherContextEndsWithItsWork) {
  const Batch batch(sample_problem(50, 12, 4, 16), 12);
  const Context maker(Device::cuda(0));
  const Context other(Device::cuda(0));
  const Dictionary dictionary(maker, batch.sample.atom_view());
  const auto waits_at_its_end = [&](const Context& context) {
    auto solver = std::make_unique<QueuedSolver>(context, dictionary, 4);
    solver->enqueue(batch.view(), batch.codes);
    const auto& counters = emulation::emulated_device(0)->counters();
    const std::int64_t before = counters.synchronizations;
    solver.reset();
    return counters.synchronizations - before;
  };
  EXPECT_EQ(waits_at_its_end(maker), 0);
  EXPECT_EQ(waits_at_its_end(other), 1);
}

TEST(QueuedSolver, NamesWrongArguments) {
  using ::testing::HasSubstr;
  const Batch batch(sample_problem(50, 12, 4, 16), 12);
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, batch.sample.atom_view());
  const Context host;
  const Dictionary on_host(host, batch.sample.atom_view());
  const auto make = [&](DecomposeOptions options) { QueuedSolver(context, dictionary, 4, options); };
  EXPECT_THAT(refusal([&] { QueuedSolver(host, on_host, 4); }), HasSubstr("context: got one on cpu"));
  EXPECT_THAT(refusal([&] { QueuedSolver(context, dictionary, 0); }), HasSubstr("most_rows: got 0"));
  EXPECT_THAT(refusal([&] { QueuedSolver(context, dictionary, 4, {}, 0); }), HasSubstr("rounds: got 0"));
  EXPECT_THAT(refusal([&] { make({.target_l0 = 3}); }), HasSubstr("target_l0: got 3"));
  EXPECT_THAT(refusal([&] { make({.solve = {.solver = SolverKind::fista}}); }), HasSubstr("solve.solver"));
  const Context tight(Device::cuda(0), {.memory_limit_bytes = std::size_t{256} << 20});
  EXPECT_THAT(refusal([&] { QueuedSolver(tight, dictionary, 10'000'000); }), HasSubstr("memory_limit_bytes: got 268435456"));
  QueuedSolver solver(context, dictionary, 4);
  EXPECT_THAT(refusal([&] { solver.enqueue(batch.sample.view(), batch.codes); }), HasSubstr("embeddings: got data on cpu"));
  const Batch more(sample_problem(50, 12, 5, 16), 12);
  EXPECT_THAT(refusal([&] { solver.enqueue(more.view(), more.codes); }), HasSubstr("embeddings: got 5 rows"));
  RowCodes wrong = batch.codes;
  wrong.stride = 0;
  EXPECT_THAT(refusal([&] { solver.enqueue(batch.view(), wrong); }), HasSubstr("codes.stride: got 0"));
  wrong = batch.codes;
  wrong.values = nullptr;
  EXPECT_THAT(refusal([&] { solver.enqueue(batch.view(), wrong); }), HasSubstr("codes.values: got a null pointer"));
}

}  // namespace
}  // namespace splice_cuda::testing

// A CUDA graph of what a queued solver enqueues, on a real device: no emulated one knows what a capture forbids. Skipped without a
// device (test_device.cpp).

#include <cuda_runtime_api.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cuda/row_codes.hpp"
#include "splice_cuda/splice_cuda.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"
#include "support/test_device.hpp"

namespace splice_cuda::testing {
namespace {

void check(cudaError_t status, const char* call) {
  if (status != cudaSuccess) throw DeviceError(std::string(call) + ": " + cudaGetErrorString(status));
}

template <class T>
class OnDevice {
 public:
  explicit OnDevice(std::int64_t count) : count_(static_cast<std::size_t>(count)) {
    check(cudaMalloc(reinterpret_cast<void**>(&data_), count_ * sizeof(T)), "cudaMalloc");
  }
  ~OnDevice() { static_cast<void>(cudaFree(data_)); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  T* get() const { return data_; }
  void set(const std::vector<T>& values) const {
    check(cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  std::vector<T> values() const {
    std::vector<T> values(count_);
    check(cudaMemcpy(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return values;
  }

 private:
  std::size_t count_;
  T* data_ = nullptr;
};

/// A stream, and the graph that was captured on it.
struct Graph {
  Graph() { check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags"); }
  ~Graph() {
    if (replayed != nullptr) static_cast<void>(cudaGraphExecDestroy(replayed));
    static_cast<void>(cudaStreamDestroy(stream));
  }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  template <class Enqueue>
  void capture(Enqueue enqueue) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    enqueue();
    check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
    const cudaError_t status = cudaGraphInstantiate(&replayed, graph, 0);
    static_cast<void>(cudaGraphDestroy(graph));
    check(status, "cudaGraphInstantiate");
  }
  void replay() const {
    check(cudaGraphLaunch(replayed, stream), "cudaGraphLaunch");
    check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  }

  cudaStream_t stream = nullptr;
  cudaGraphExec_t replayed = nullptr;
};

/// The first call of all is the captured one: nothing has been launched before that a capture could not do itself.
TEST(CudaGraph, ReplaysWhatAQueuedSolverEnqueues) {
  const SampleProblem sample = sample_problem(900, 64, 300, 93);
  constexpr std::int64_t stride = 64;
  Graph graph;
  const Context context(test_device().device, {.stream = graph.stream});
  const Dictionary dictionary(context, sample.atom_view());
  const OnDevice<float> rows(sample.rows * sample.dim);
  const OnDevice<std::int32_t> counts(sample.rows);
  const OnDevice<std::int32_t> atoms(sample.rows * stride);
  const OnDevice<float> values(sample.rows * stride);
  const OnDevice<RowReport> reports(sample.rows);
  const EmbeddingsView view(rows.get(), DType::float32, sample.rows, sample.dim, sample.dim, test_device().device);
  const DecomposeOptions options{.l1_penalty = 0.15f};
  QueuedSolver solver(context, dictionary, sample.rows, options, 12);
  graph.capture([&] { solver.enqueue(view, {stride, counts.get(), atoms.get(), values.get(), reports.get()}); });
  for (const std::uint64_t seed : {94u, 95u}) {
    rows.set(sample_problem(sample.atoms, sample.dim, sample.rows, seed).embeddings);
    graph.replay();
    auto found_counts = counts.values();
    auto found_atoms = atoms.values();
    auto found_values = values.values();
    auto found_reports = reports.values();
    const RowCodes found{stride, found_counts.data(), found_atoms.data(), found_values.data(), found_reports.data()};
    const DecomposeResult expected = decompose(context, dictionary, view, options);
    EXPECT_EQ(difference(result_of(found, sample.rows, sample.atoms), expected), "") << "rows of seed " << seed;
  }
}

}  // namespace
}  // namespace splice_cuda::testing

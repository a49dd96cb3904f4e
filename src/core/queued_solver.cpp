#include "splice_cuda/queued_solver.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "backend/backend.hpp"
#include "core/memory_errors.hpp"
#include "core/problem.hpp"
#include "core/tile_plan.hpp"
#include "core/validate.hpp"

namespace splice_cuda {
namespace {

void check_options(const DecomposeOptions& options) {
  if (options.solve.solver != SolverKind::working_set) fail_argument("solve.solver", "another solver", "working_set");
  if (options.target_l0 > 0) fail_argument("target_l0", std::to_string(options.target_l0), "none: a penalty");
  if (options.target_cosine > 0) fail_argument("target_cosine", "a target", "none: a penalty");
  if (!options.l1_penalties.empty()) fail_argument("l1_penalties", "one a row", "none: one penalty for all rows");
  if (options.warm_start != nullptr) fail_argument("warm_start", "codes", "none: batches are not known yet");
}

}  // namespace

struct QueuedSolver::State {
  const Backend* backend = nullptr;
  Device device;
  Dictionary dictionary;
  std::int64_t most_rows = 0;
  std::unique_ptr<RoundsQueue> queue;
};

QueuedSolver::QueuedSolver(const Context& context, const Dictionary& dictionary, std::int64_t most_rows,
                           const DecomposeOptions& options, std::int32_t rounds) {
  if (most_rows < 1) fail_argument("most_rows", std::to_string(most_rows), "at least 1");
  if (rounds < 1) fail_argument("rounds", std::to_string(rounds), "at least 1");
  check_options(options);
  with_memory_errors("a solver of " + std::to_string(most_rows) + " rows", [&] {
    const Backend& backend = context.backend();
    const EmbeddingsView none(nullptr, DType::float32, 0, dictionary.dim(), dictionary.dim());
    const Problem problem = resolve_problem(context, dictionary, none, options);
    const TileCost cost = backend.tile_cost(problem);
    const std::size_t limit = context.options().memory_limit_bytes;
    plan_tiles(cost, 1, 1, limit);  // throws where not even one row fits
    if (most_rows > cost.rows_within(limit)) {
      throw OutOfMemoryError("memory_limit_bytes: got " + std::to_string(limit) + ", expected at least " +
                             std::to_string(cost.bytes(0) + cost.scratch_bytes * static_cast<std::size_t>(std::min(
                                                                most_rows, cost.most_scratch))) +
                             " + " + std::to_string(most_rows) + " x " +
                             std::to_string(cost.row_bytes) + " for a solver of " + std::to_string(most_rows) + " rows");
    }
    std::unique_ptr<RoundsQueue> queue = backend.make_rounds_queue(problem, most_rows, rounds);
    if (!queue) fail_argument("context", "one on " + to_string(context.device()), "one on a CUDA device");
    state_ = std::make_unique<State>(State{&backend, context.device(), dictionary, most_rows, std::move(queue)});
  });
}

QueuedSolver::~QueuedSolver() = default;
QueuedSolver::QueuedSolver(QueuedSolver&&) noexcept = default;
QueuedSolver& QueuedSolver::operator=(QueuedSolver&&) noexcept = default;

void QueuedSolver::enqueue(EmbeddingsView embeddings, const RowCodes& codes) {
  check_matrix("embeddings", embeddings.data, embeddings.rows, embeddings.cols, embeddings.ld);
  if (embeddings.cols != state_->dictionary.dim()) {
    fail_argument("embeddings", std::to_string(embeddings.cols) + " columns",
                  "the dictionary's dimension, " + std::to_string(state_->dictionary.dim()));
  }
  if (embeddings.rows > state_->most_rows) {
    fail_argument("embeddings", std::to_string(embeddings.rows) + " rows", "at most " + std::to_string(state_->most_rows));
  }
  if (embeddings.device != state_->device) {
    fail_argument("embeddings", "data on " + to_string(embeddings.device), "data on " + to_string(state_->device));
  }
  if (codes.stride < 1) fail_argument("codes.stride", std::to_string(codes.stride), "at least 1");
  if (embeddings.rows == 0) return;
  const auto check = [&](const char* name, const void* pointer, std::size_t element_bytes) {
    if (pointer == nullptr) fail_argument(name, "a null pointer", "device memory");
    state_->backend->check_pointer(name, pointer, static_cast<std::int64_t>(element_bytes), state_->device);
  };
  check("embeddings", embeddings.data, static_cast<std::size_t>(embeddings.element_size()));
  check("codes.counts", codes.counts, sizeof(std::int32_t));
  check("codes.atoms", codes.atoms, sizeof(std::int32_t));
  check("codes.values", codes.values, sizeof(float));
  check("codes.reports", codes.reports, alignof(RowReport));
  state_->queue->enqueue(embeddings, codes);
}

}  // namespace splice_cuda

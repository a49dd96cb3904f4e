#pragma once

/// @file queued_solver.hpp
/// Embeddings to sparse codes without the host: all is enqueued on the stream, nothing is allocated, nobody waits. A CUDA
/// graph can capture it.

#include <cstdint>
#include <memory>

#include "splice_cuda/codes.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda {

/// Where codes go, in memory of the context's device: as many places for each row, since how many entries there are is
/// not known when the work is enqueued.
struct RowCodes {
  std::int64_t stride = 0;         ///< places a row, at least 1
  std::int32_t* counts = nullptr;  ///< [n] entries of a row; where they are more than `stride`, the first ones are there
  std::int32_t* atoms = nullptr;   ///< [n, stride], ascending within a row; undefined past the row's entries
  float* values = nullptr;         ///< [n, stride], non-zero
  RowReport* reports = nullptr;    ///< [n]
};

/// The default solver with a fixed number of rounds, for batches of at most so many rows.
///
///   QueuedSolver solver{context, dictionary, 4096, {.l1_penalty = 0.25f}};
///   cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
///   solver.enqueue(embeddings, codes);
///   cudaStreamEndCapture(stream, &graph);
///
/// A row that is certified has the bits that `decompose` gives it. A row that is not after all rounds has the code at hand with
/// its true gap and the status budget_exhausted: nearly all rows need three rounds at CLIP's penalties.
class QueuedSolver {
 public:
  /// Allocates all that a batch of `most_rows` rows needs.
  /// @param context  on a CUDA device; has to outlive the solver
  /// @param options  solver working_set; no target, no l1_penalties, no warm_start
  /// @param rounds   passes over the dictionary a row may take, at least 1
  /// @throws ArgumentError; OutOfMemoryError where the context's memory limit, or the device, does not hold so many rows
  QueuedSolver(const Context& context, const Dictionary& dictionary, std::int64_t most_rows,
               const DecomposeOptions& options = {}, std::int32_t rounds = 6);
  ~QueuedSolver();
  QueuedSolver(QueuedSolver&&) noexcept;
  QueuedSolver& operator=(QueuedSolver&&) noexcept;

  /// @param embeddings  [n, d], n <= most_rows, in memory of the context's device: read when the stream comes to it
  /// @throws ArgumentError, DeviceError
  void enqueue(EmbeddingsView embeddings, const RowCodes& codes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace splice_cuda

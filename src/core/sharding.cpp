#include "splice_cuda/sharding.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "core/code_rows.hpp"
#include "core/host_results.hpp"
#include "core/memory_errors.hpp"
#include "core/parallel.hpp"
#include "core/problem.hpp"
#include "core/validate.hpp"
#include "splice_cuda/decompose.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

/// Enough pieces for a shard to be twice as fast as another, each large enough to fill a device for a while: its first tile waits
/// for rows that come from the host, and nothing runs beside the results of its last one.
std::int64_t rows_of_piece(std::int64_t rows, std::size_t shards) {
  const auto pieces = static_cast<std::int64_t>(8 * shards);
  return std::clamp<std::int64_t>((rows + pieces - 1) / pieces, 256, 262144);
}

void check_shards(std::span<const Shard> shards) {
  if (shards.empty()) fail_argument("shards", "none", "at least one");
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string name = "shards[" + std::to_string(i) + "]";
    if (shards[i].context == nullptr) fail_argument(name + ".context", "a null pointer", "a context");
    if (shards[i].dictionary == nullptr) fail_argument(name + ".dictionary", "a null pointer", "a dictionary");
    const Dictionary& own = *shards[i].dictionary;
    const Dictionary& first = *shards[0].dictionary;
    if (own.size() != first.size() || own.dim() != first.dim()) {
      fail_argument(name + ".dictionary", std::to_string(own.size()) + " atoms of length " + std::to_string(own.dim()),
                    "the first shard's, " + std::to_string(first.size()) + " of length " + std::to_string(first.dim()));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (&shards[i].context->backend() == &shards[j].context->backend()) {
        fail_argument(name + ".context", "the context of shards[" + std::to_string(j) + "]", "one of its own");
      }
    }
  }
}

/// Progress and cancellation of the whole batch, and the first error of any shard.
class SharedCall {
 public:
  SharedCall(const ContextOptions& options, std::int64_t rows) : options_(options), rows_(rows) {}

  bool stopped() {
    if (stopped_) return true;
    if (!options_.cancel) return false;
    const std::lock_guard lock(mutex_);
    if (options_.cancel()) stopped_ = true;
    return stopped_;
  }
  void advance(std::int64_t rows) {
    if (!options_.progress) return;
    const std::lock_guard lock(mutex_);
    done_ += rows;
    if (rows > 0 && !stopped_) options_.progress(done_, rows_);
  }
  /// Of several errors the first counts: the others may be its consequence.
  void fail(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    stopped_ = true;
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  const ContextOptions& options_;
  std::int64_t rows_;
  std::int64_t done_ = 0;
  std::atomic<bool> stopped_{false};
  std::exception_ptr error_;
  std::mutex mutex_;
};

/// Rows [first, first + count) of a call.
DecomposeResult solve_piece(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                            const DecomposeOptions& options, std::int64_t first, std::int64_t count) {
  DecomposeOptions own = options;
  SparseCodes start;
  if (options.warm_start != nullptr) {
    start = slice_rows(*options.warm_start, first, count);
    own.warm_start = &start;
  }
  if (!options.l1_penalties.empty()) {
    own.l1_penalties = options.l1_penalties.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
  }
  return decompose(context, dictionary, embeddings.slice(first, count), own);
}

/// Puts the pieces together, and gives each one's memory back as it goes.
DecomposeResult joined(std::vector<DecomposeResult> pieces, std::int64_t rows) {
  HostResults whole(rows, pieces.front().codes.cols);
  for (DecomposeResult& given : pieces) {
    const DecomposeResult piece = std::move(given);
    const SparseCodes& codes = piece.codes;
    whole.accept_batch({whole.accepted(), codes.row_offsets, codes.atom_indices, codes.values, piece.reports});
  }
  return whole.finish();
}

DecomposeResult solve_shared(std::span<const Shard> shards, EmbeddingsView embeddings, const DecomposeOptions& options) {
  const std::int64_t rows = embeddings.rows;
  const std::int64_t piece_rows = rows_of_piece(rows, shards.size());
  std::vector<DecomposeResult> pieces(static_cast<std::size_t>((rows + piece_rows - 1) / piece_rows));
  SharedCall call(shards[0].context->options(), rows);
  std::atomic<std::size_t> next{0};
  run_workers(static_cast<int>(shards.size()), [&](int worker) {
    try {
      const Shard& shard = shards[static_cast<std::size_t>(worker)];
      if (worker > 0) shard.context->backend().enter_thread();  // the first one is the caller's
      std::int64_t told = 0;  // rows of the present piece
      const Context context = shard.context->with_callbacks([&] { return call.stopped(); }, [&](std::int64_t done, std::int64_t) {
        call.advance(done - told);
        told = done;
      });
      for (std::size_t piece = next++; piece < pieces.size(); piece = next++) {
        const std::int64_t first = static_cast<std::int64_t>(piece) * piece_rows;
        told = 0;
        pieces[piece] = solve_piece(context, *shard.dictionary, embeddings, options, first, std::min(piece_rows, rows - first));
      }
    } catch (...) {
      call.fail(std::current_exception());
    }
  });
  call.rethrow();
  return joined(std::move(pieces), rows);
}

}  // namespace

DecomposeResult decompose(std::span<const Shard> shards, EmbeddingsView embeddings, const DecomposeOptions& options) {
  check_shards(shards);
  if (shards.size() == 1 || embeddings.rows == 0) {
    return decompose(*shards[0].context, *shards[0].dictionary, embeddings, options);
  }
  return with_memory_errors("decomposing " + std::to_string(embeddings.rows) + " rows", [&] {
    // Every argument, for every shard, before the first piece is solved.
    for (const Shard& shard : shards) resolve_problem(*shard.context, *shard.dictionary, embeddings, options);
    return solve_shared(shards, embeddings, options);
  });
}

}  // namespace splice_cuda

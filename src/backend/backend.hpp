#pragma once

/// @file backend.hpp
/// What a device has to offer: a dictionary in its own memory, and tile solvers whose stages the driver
/// calls (src/core/decompose.cpp, or solve_in_order.cpp). One virtual a stage, each on a whole tile, so that the call costs
/// nothing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/problem.hpp"
#include "splice_cuda/codes.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/device_codes.hpp"
#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/queued_solver.hpp"

namespace splice_cuda {

/// What a dictionary is made of.
struct AtomSource {
  TypedMatrixView atoms;  ///< [p, d], of sound shape; whether they are finite the backend finds out as it reads them
  bool in_place = false;  ///< to be read where they are, if the backend can
  std::shared_ptr<const void> owner = nullptr;  ///< what keeps them alive; may be null
};

/// A dictionary as one backend keeps it. Immutable once made; shared between threads.
class DictionaryData {
 public:
  virtual ~DictionaryData() = default;
  std::int64_t size = 0;
  std::int64_t dim = 0;
  DType dtype = DType::float32;
  bool in_place = false;  ///< atoms lie in memory of the caller's
  Device device;
  /// Index of the first atom that equals this one (its own index where there is none). [p]
  std::vector<std::int32_t> first_equal;
};

/// A row that left its tile, or one step of its path.
struct RowResult {
  std::int64_t row = 0;
  std::int32_t step = 0;  ///< of the problem's path
  std::span<const std::int32_t> atoms;  ///< ascending
  std::span<const float> values;        ///< non-zero
  RowReport report;
};

/// Consecutive rows that left their tile together, as CSR.
struct RowBatch {
  std::int64_t first_row = 0;
  std::span<const std::int64_t> offsets;  ///< [rows + 1] from 0 on
  std::span<const std::int32_t> atoms;    ///< [nnz] ascending within a row
  std::span<const float> values;          ///< [nnz] non-zero
  std::span<const RowReport> reports;     ///< [rows]
};

/// Takes finished rows, in any order. Used by one worker.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void accept(const RowResult& result) = 0;
  virtual void accept_batch(const RowBatch& batch) {
    for (std::size_t i = 0; i < batch.reports.size(); ++i) {
      const auto from = static_cast<std::size_t>(batch.offsets[i]);
      const auto size = static_cast<std::size_t>(batch.offsets[i + 1]) - from;
      accept({batch.first_row + static_cast<std::int64_t>(i), 0, batch.atoms.subspan(from, size),
              batch.values.subspan(from, size), batch.reports[i]});
    }
  }
};

/// Takes the finished rows of a whole call, in order.
class OrderedSink : public RowSink {
 public:
  /// Rows so far.
  virtual std::int64_t accepted() const = 0;
};

/// Takes them to where they stay.
class ResultSink : public OrderedSink {
 public:
  /// Once, when all rows are there.
  virtual DeviceDecomposeResult finish() = 0;
};

/// One tile of rows on its way through the stages. Slots are refilled as rows leave, so that each row takes
/// as many rounds as it needs and no other row waits. A row's arithmetic never depends on its neighbours.
class TileSolver {
 public:
  virtual ~TileSolver() = default;
  /// Rows that fit at once.
  virtual std::int64_t capacity() const = 0;
  /// Rows inside now.
  virtual std::int64_t occupied() const = 0;
  /// Loads rows [first_row, first_row + count) into free slots: conversion to float32, checks for NaN and
  /// zero rows, warm start. count <= capacity() - occupied().
  virtual void prepare(std::int64_t first_row, std::int64_t count) = 0;
  /// Which rows the next `prepare` will be given: they may travel to the device beside the work on those inside.
  virtual void expect(std::int64_t first_row, std::int64_t count) {
    static_cast<void>(first_row), static_cast<void>(count);
  }
  /// Correlations with all atoms, in whatever precision the solver needs them.
  virtual void screen() = 0;
  /// One round of the solver on every row inside. May certify them, too, each right behind its solution.
  virtual void solve() = 0;
  /// Certificates of the rows that claim to be done and have none yet, from their codes.
  virtual void certify() = 0;
  /// Hands over finished rows and frees their slots. Rows of a tile after which others are expected may be handed over later,
  /// beside the work on those.
  virtual void compact(RowSink& sink) = 0;
};

/// Memory of a tile solver: see bytes().
struct TileCost {
  std::size_t fixed_bytes = 0;
  std::size_t row_bytes = 0;
  std::size_t scratch_bytes = 0;    ///< beside them, of each of the first most_scratch rows
  std::int64_t most_scratch = 0;
  std::int64_t preferred_rows = 0;  ///< more than this gains nothing
  std::int64_t row_multiple = 1;    ///< tiles of a multiple of this many rows run best

  std::size_t bytes(std::int64_t rows) const {
    return fixed_bytes + static_cast<std::size_t>(rows) * row_bytes +
           static_cast<std::size_t>(std::min(rows, most_scratch)) * scratch_bytes;
  }
  /// The most rows that `limit` bytes are enough for; 0: not even one.
  std::int64_t rows_within(std::size_t limit) const {
    if (limit < fixed_bytes) return 0;
    const std::size_t left = limit - fixed_bytes;
    const auto with_scratch = static_cast<std::int64_t>(left / (row_bytes + scratch_bytes));
    if (with_scratch < most_scratch) return with_scratch;
    return static_cast<std::int64_t>((left - static_cast<std::size_t>(most_scratch) * scratch_bytes) / row_bytes);
  }
};

/// Rows that a backend's calls on given codes take best at once.
struct CallRows {
  std::int64_t certify = 64;
  std::int64_t recompose = 256;
};

/// The default solver with a fixed number of rounds: nothing but enqueued work (queued_solver.hpp).
class RoundsQueue {
 public:
  virtual ~RoundsQueue() = default;
  /// Arguments have been checked.
  virtual void enqueue(const EmbeddingsView& embeddings, const RowCodes& codes) = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Device device() const = 0;
  /// Before anything else in a call. @throws ArgumentError where the stream can't take its work
  virtual void begin_call() const {}
  /// The calling thread works for this backend alone, and ends with its work: a device may stay current in it.
  virtual void enter_thread() const {}
  /// @param declared  where the caller says that the memory lies
  /// @throws ArgumentError where it does not, or where it is not aligned to its elements
  virtual void check_pointer(std::string_view argument, const void* pointer, std::int64_t element_bytes, Device declared) const {
    static_cast<void>(argument), static_cast<void>(pointer), static_cast<void>(element_bytes), static_cast<void>(declared);
  }
  virtual CallRows call_rows(const DictionaryData&) const { return {}; }
  /// Whether tiles take rows only while they are empty, and hand them over in order, all of a tile's together.
  virtual bool in_order() const { return false; }
  /// Whether working_set goes along paths of penalties by itself. Where not, each penalty is a call of its own that starts
  /// from the codes before it.
  virtual bool follows_paths() const { return false; }
  /// Bytes of workspace where the caller sets no limit.
  virtual std::size_t default_memory_limit() const { return std::size_t{256} << 20; }
  /// Workers that run tiles side by side (CPU threads; 1 for a GPU stream).
  virtual int workers() const = 0;
  /// @throws ArgumentError where an atom is not finite; OutOfMemoryError
  virtual std::shared_ptr<const DictionaryData> make_dictionary(const AtomSource& source) const = 0;
  virtual TileCost tile_cost(const Problem& problem) const = 0;
  /// `problem` outlives the solver. Called and used on the worker's own thread.
  virtual std::unique_ptr<TileSolver> make_tile_solver(const Problem& problem,
                                                       std::int64_t rows) const = 0;
  /// A sink in this device's memory; null where that is the host's.
  virtual std::unique_ptr<ResultSink> make_result_sink(const Problem& problem) const {
    static_cast<void>(problem);
    return nullptr;
  }
  /// `problem` is copied. Null where the host does the work.
  virtual std::unique_ptr<RoundsQueue> make_rounds_queue(const Problem& problem, std::int64_t most_rows,
                                                         std::int32_t rounds) const {
    static_cast<void>(problem), static_cast<void>(most_rows), static_cast<void>(rounds);
    return nullptr;
  }
  /// Device memory to the host, there when this returns.
  virtual void copy_to_host(void* to, const void* from, std::size_t bytes) const { std::memcpy(to, from, bytes); }
  /// Waits for what has been asked of the device. Stages that only enqueue are timed with it.
  virtual void synchronize() const {}
  /// Certificates of given codes by brute force in fp64, for rows [first, first + reports.size()).
  virtual void certify(const Problem& problem, const SparseCodes& codes, std::int64_t first,
                       std::span<RowReport> reports) const = 0;
  /// reconstruction = W C, for rows [first, first + count).
  virtual void recompose(const DictionaryData& dictionary, const SparseCodes& codes,
                         std::int64_t first, std::int64_t count,
                         MatrixView<float> reconstruction) const = 0;
};

std::unique_ptr<Backend> make_cpu_backend(int threads);

/// Defined in cuda/, or by cuda_unavailable.cpp in a build without CUDA.
/// @param options  stream and allocator are looked at
/// @throws DeviceError when there is no such device; ArgumentError for a stream that can't be used.
std::unique_ptr<Backend> make_cuda_backend(Device device, const ContextOptions& options);

}  // namespace splice_cuda

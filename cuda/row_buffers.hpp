#pragma once

/// @file row_buffers.hpp
/// A tile's rows in a device's memory: loading them, and handing their codes and reports over. What all solvers share.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "device_buffer.hpp"
#include "device_codes.hpp"
#include "device_dictionary.hpp"
#include "device_results.hpp"
#include "host_delivery.hpp"
#include "kernels/pack_codes.hpp"
#include "kernels/prepare.hpp"
#include "kernels/unpack_codes.hpp"
#include "kernels/views.hpp"
#include "kernels/write_reports.hpp"
#include "packed_codes.hpp"

namespace splice_cuda::cuda {

/// Which rows are left to fp64, by lambda of the scaled problem: beyond these, float32 thresholds mean nothing.
struct LambdaRange {
  double smallest = 0;
  double largest = 0;
};

template <class Engine>
class RowBuffers {
 public:
  /// @param code_capacity  entries a row
  /// @param split          whether the solver wants embeddings in float16 parts, too
  RowBuffers(Engine& device, std::int64_t rows, std::int64_t ld, std::int64_t code_capacity, bool split)
      : device_(device),
        ld_(ld),
        input_(device, rows * ld * 4),
        penalties_(device, rows),
        z_(device, rows * ld),
        z_halves_(device, split ? rows * 2 * ld : 0),
        r_(device, rows * ld),
        exponent_(device, rows),
        lambda_(device, rows),
        phase_(device, rows),
        status_(device, rows),
        rounds_(device, rows),
        iterations_(device, rows),
        misses_(device, rows),
        code_count_(device, rows),
        code_atoms_(device, rows * code_capacity),
        code_weights_(device, rows * code_capacity),
        primal_(device, rows),
        dual_(device, rows),
        gap_(device, rows),
        kkt_violation_(device, rows),
        offsets_(device, rows + 1),
        reports_(device, rows),
        delivery_(device) {
    view_.z = z_.get();
    view_.z_halves = split ? z_halves_.get() : nullptr;
    view_.r = r_.get();
    view_.exponent = exponent_.get();
    view_.lambda = lambda_.get();
    view_.phase = phase_.get();
    view_.status = status_.get();
    view_.rounds = rounds_.get();
    view_.iterations = iterations_.get();
    view_.misses = misses_.get();
    view_.code_capacity = code_capacity;
    view_.code_count = code_count_.get();
    view_.code_atoms = code_atoms_.get();
    view_.code_weights = code_weights_.get();
    view_.primal = primal_.get();
    view_.dual = dual_.get();
    view_.gap = gap_.get();
    view_.kkt_violation = kkt_violation_.get();
    device_.clear(reports_.get(), reports_.bytes());  // nobody writes what lies between their members, but all is copied
    device_.allow_uploads();
  }
  ~RowBuffers() { device_.finish_uploads(); }
  RowBuffers(const RowBuffers&) = delete;
  RowBuffers& operator=(const RowBuffers&) = delete;

  /// Bytes a row. Codes are there twice as they are handed over.
  static std::size_t cost(std::int64_t ld, std::int64_t code_capacity, bool split) {
    constexpr std::size_t figures = 5 * sizeof(double) + 8 * sizeof(std::int32_t) + sizeof(std::int64_t) + sizeof(RowReport);
    return static_cast<std::size_t>(ld) * (split ? 16 : 12) + static_cast<std::size_t>(code_capacity) * 16 + figures;
  }

  const RowsView& view() const { return view_; }
  /// Of each row, in its own units: where the problem has one a row, or rows find their own, which a solver writes here.
  float* penalties() const { return penalties_.get(); }

  /// Rows [first, first + count) of the batch, each waiting for its first stage.
  void load(const Problem& problem, std::int64_t first, std::int64_t count, LambdaRange range) {
    view_.first = first;
    view_.count = count;
    const EmbeddingsView rows = problem.embeddings.slice(first, count);
    PrepareKernel::Args args;
    args.dtype = rows.dtype;
    args.dim = rows.cols;
    args.ld = ld_;
    if (rows.device == Device::cpu()) {
      const std::int64_t there = sent_first_ == first ? std::min(sent_count_, count) : 0;
      send(rows, there);
      sent_count_ = 0;
      device_.await_uploads();
      args.input = input_.get();
      args.ld_input = rows.cols;
    } else {
      args.input = rows.data;
      args.ld_input = rows.ld;
    }
    args.penalty = static_cast<double>(problem.l1_penalty);
    if (!problem.l1_penalties.empty()) {
      device_.upload(penalties_.get(), problem.l1_penalties.data() + first, static_cast<std::size_t>(count) * sizeof(float));
      args.penalties = penalties_.get();
    }
    args.smallest_lambda = range.smallest;
    args.largest_lambda = range.largest;
    args.warm = problem.warm_start != nullptr;
    if (args.warm) load_codes(*problem.warm_start, first, count);
    args.rows = view_;
    device_.template launch<PrepareKernel>(count, args);
    if (args.input == input_.get()) device_.allow_uploads();  // that kernel alone reads it
  }

  /// Reports of all rows, in the rows' own units, to device memory.
  void write_reports(const Problem& problem, RowReport* reports) {
    const bool one_a_row = !problem.l1_penalties.empty() || problem.target.given();
    device_.template launch<WriteReportsKernel>(
        (view_.count + 31) / 32,
        {view_, static_cast<double>(problem.l1_penalty), one_a_row ? penalties_.get() : nullptr, reports});
  }

  /// Which rows come next, if any.
  void expect(std::int64_t first, std::int64_t count) {
    expected_first_ = first;
    expected_count_ = count;
  }

  /// What the host does where it would wait for the device: sends the rows that come next, and hands over those of the tile
  /// before.
  void use_wait(const Problem& problem, RowSink& sink) {
    load_ahead(problem);
    delivery_.hand_over(sink);
  }

  /// Hands all rows over, in order. Waits for the number of their entries; what goes to the host arrives later where other rows
  /// are expected.
  void deliver(const Problem& problem, RowSink& sink) {
    use_wait(problem, sink);
    auto* on_device = dynamic_cast<DeviceResults<Engine>*>(&sink);
    RowReport* reports = on_device != nullptr ? on_device->next_reports() : reports_.get();
    device_.exclusive_sum(view_.code_count, view_.count, offsets_.get());
    write_reports(problem, reports);
    std::int64_t nnz = 0;
    device_.download(&nnz, offsets_.get() + view_.count, sizeof nnz);
    device_.synchronize();
    PackedCodes<Engine> codes{view_.count, {device_, nnz}, {device_, nnz}};
    device_.template launch<PackCodesKernel>(view_.count, {view_, offsets_.get(), codes.atoms.get(), codes.values.get()});
    if (on_device != nullptr) return on_device->take(offsets_.get(), std::move(codes));
    delivery_.send(view_.first, offsets_.get(), codes, reports);
    if (expected_count_ == 0) delivery_.hand_over(sink);
  }

 private:
  /// Sends the rows that come next, beside the work on these.
  void load_ahead(const Problem& problem) {
    if (expected_count_ == 0 || sent_count_ > 0 || problem.embeddings.device != Device::cpu()) return;
    sent_first_ = expected_first_;
    sent_count_ = expected_count_;
    send(problem.embeddings.slice(sent_first_, sent_count_), 0);
  }

  /// Rows of host memory from `there` on to the tile's input.
  void send(const EmbeddingsView& rows, std::int64_t there) {
    const auto row_bytes = static_cast<std::size_t>(rows.cols * rows.element_size());
    const EmbeddingsView rest = rows.slice(there, rows.rows - there);
    device_.upload_rows({input_.get() + static_cast<std::size_t>(there) * row_bytes, row_bytes, rest.data,
                         static_cast<std::size_t>(rows.ld * rows.element_size()), row_bytes, rest.rows});
  }

  /// Codes as the rows' own, as many of a row's entries as there is room for. On their way their entries take no more memory than
  /// the rows' have, which is what packed codes are counted with (one row's may, of a few).
  void load_codes(const SparseCodes& codes, std::int64_t first, std::int64_t count) {
    for (std::int64_t done = 0; done < count;) {
      const std::int64_t rows = rows_with_entries(codes, first + done, count - done, count * view_.code_capacity);
      const DeviceCodes<std::int64_t, Engine> given(device_, codes, first + done, rows);
      device_.template launch<UnpackCodesKernel>(rows, {view_, done, given.offsets.get(), given.atoms.get(), given.weights.get()});
      done += rows;
    }
  }

  Engine& device_;
  std::int64_t ld_;
  DeviceBuffer<std::uint8_t, Engine> input_;
  DeviceBuffer<float, Engine> penalties_;
  DeviceBuffer<float, Engine> z_;
  DeviceBuffer<Float16, Engine> z_halves_;
  DeviceBuffer<float, Engine> r_;
  DeviceBuffer<std::int32_t, Engine> exponent_;
  DeviceBuffer<double, Engine> lambda_;
  DeviceBuffer<RowPhase, Engine> phase_;
  DeviceBuffer<std::int32_t, Engine> status_;
  DeviceBuffer<std::int32_t, Engine> rounds_;
  DeviceBuffer<std::int32_t, Engine> iterations_;
  DeviceBuffer<std::int32_t, Engine> misses_;
  DeviceBuffer<std::int32_t, Engine> code_count_;
  DeviceBuffer<std::int32_t, Engine> code_atoms_;
  DeviceBuffer<float, Engine> code_weights_;
  DeviceBuffer<double, Engine> primal_;
  DeviceBuffer<double, Engine> dual_;
  DeviceBuffer<double, Engine> gap_;
  DeviceBuffer<double, Engine> kkt_violation_;
  DeviceBuffer<std::int64_t, Engine> offsets_;
  DeviceBuffer<RowReport, Engine> reports_;
  RowsView view_;
  std::int64_t expected_first_ = 0;
  std::int64_t expected_count_ = 0;
  std::int64_t sent_first_ = 0;  ///< rows that travel to the input, or are there, before they are asked for
  std::int64_t sent_count_ = 0;
  HostDelivery<Engine> delivery_;
};

}  // namespace splice_cuda::cuda

#pragma once

/// @file device_results.hpp
/// Results that stay on the device: tiles hand their rows over in order, and their codes are put together at the end.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "device_buffer.hpp"
#include "kernels/shift_offsets.hpp"
#include "packed_codes.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class DeviceResults final : public ResultSink {
 public:
  DeviceResults(std::shared_ptr<Engine> device, std::int64_t rows, std::int64_t cols)
      : arrays_(std::make_shared<Arrays>(std::move(device), rows)), rows_(rows), cols_(cols) {}

  /// RowBuffers::deliver knows this sink, and hands whole tiles over.
  void accept(const RowResult&) override {}

  std::int64_t accepted() const override { return accepted_; }
  /// Where reports of the next rows go.
  RowReport* next_reports() { return arrays_->reports.get() + accepted_; }

  /// @param offsets  [rows + 1] in device memory, from 0
  void take(const std::int64_t* offsets, PackedCodes<Engine> codes) {
    arrays_->device->template launch<ShiftOffsetsKernel>(
        (codes.rows + 1 + 31) / 32, {offsets, codes.rows + 1, nnz_, arrays_->offsets.get() + accepted_});
    accepted_ += codes.rows;
    nnz_ += codes.nnz();
    tiles_.push_back(std::move(codes));
  }

  DeviceDecomposeResult finish() override {
    Engine& device = *arrays_->device;
    if (rows_ == 0) device.clear(arrays_->offsets.get(), arrays_->offsets.bytes());
    if (tiles_.size() == 1) {
      arrays_->atoms = std::move(tiles_.front().atoms);
      arrays_->values = std::move(tiles_.front().values);
    } else {
      arrays_->atoms = DeviceBuffer<std::int32_t, Engine>(device, nnz_);
      arrays_->values = DeviceBuffer<float, Engine>(device, nnz_);
      std::int64_t before = 0;
      for (const PackedCodes<Engine>& tile : tiles_) {
        if (tile.nnz() == 0) continue;
        device.copy(arrays_->atoms.get() + before, tile.atoms.get(), tile.atoms.bytes());
        device.copy(arrays_->values.get() + before, tile.values.get(), tile.values.bytes());
        before += tile.nnz();
      }
    }
    tiles_.clear();
    DeviceDecomposeResult result;
    result.device = device.device();
    result.rows = rows_;
    result.cols = cols_;
    result.nnz = nnz_;
    result.row_offsets = arrays_->offsets.get();
    result.atom_indices = arrays_->atoms.get();
    result.values = arrays_->values.get();
    result.reports = arrays_->reports.get();
    result.memory = std::move(arrays_);
    return result;
  }

 private:
  struct Arrays {
    Arrays(std::shared_ptr<Engine> owner, std::int64_t rows)
        : device(std::move(owner)), offsets(*device, rows + 1), reports(*device, rows) {
      device->clear(reports.get(), reports.bytes());  // with what lies between their members
    }
    std::shared_ptr<Engine> device;  // outlives the buffers
    DeviceBuffer<std::int64_t, Engine> offsets;
    DeviceBuffer<RowReport, Engine> reports;
    DeviceBuffer<std::int32_t, Engine> atoms;
    DeviceBuffer<float, Engine> values;
  };

  std::shared_ptr<Arrays> arrays_;
  std::int64_t rows_;
  std::int64_t cols_;
  std::int64_t accepted_ = 0;
  std::int64_t nnz_ = 0;
  std::vector<PackedCodes<Engine>> tiles_;
};

}  // namespace splice_cuda::cuda

#pragma once

/// @file device_backend.hpp
/// The backend of a device, over the seam that `Engine` is: CudaDevice, or the tests' emulated one.

#include <memory>
#include <span>
#include <thread>
#include <utility>

#include "backend/backend.hpp"
#include "core/validate.hpp"
#include "device_dictionary.hpp"
#include "working_set_tile.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class DeviceBackend final : public Backend {
 public:
  explicit DeviceBackend(std::shared_ptr<Engine> device) : device_(std::move(device)) {}

  Device device() const override { return device_->device(); }
  int workers() const override { return 1; }

  std::shared_ptr<const DictionaryData> make_dictionary(const AtomSource& source) const override {
    const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
    return make_device_dictionary(device_, source, static_cast<int>(threads));
  }

  TileCost tile_cost(const Problem& problem) const override {
    check_supported(problem);
    return WorkingSetTile<Engine>::cost(own(*problem.dictionary));
  }

  std::unique_ptr<TileSolver> make_tile_solver(const Problem& problem, std::int64_t rows) const override {
    return std::make_unique<WorkingSetTile<Engine>>(*device_, own(*problem.dictionary), problem, rows);
  }

  void synchronize() const override { device_->synchronize(); }

  void certify(const Problem&, const SparseCodes&, std::int64_t, std::span<RowReport>) const override {}
  void recompose(const DictionaryData&, const SparseCodes&, std::int64_t, std::int64_t, MatrixView<float>) const override {}

 private:
  static const DeviceDictionary<Engine>& own(const DictionaryData& dictionary) {
    return static_cast<const DeviceDictionary<Engine>&>(dictionary);  // checked at the API's edge
  }
  void check_supported(const Problem&) const {}

  std::shared_ptr<Engine> device_;
};

}  // namespace splice_cuda::cuda

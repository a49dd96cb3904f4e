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
#include "device_results.hpp"
#include "host_atoms.hpp"
#include "ranged_tile.hpp"
#include "working_set_tile.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class DeviceBackend final : public Backend {
 public:
  explicit DeviceBackend(std::shared_ptr<Engine> device) : device_(std::move(device)) {}

  Device device() const override { return device_->device(); }
  int workers() const override { return 1; }
  void begin_call() const override { device_->check_stream(); }
  void check_pointer(std::string_view argument, const void* pointer, std::int64_t element_bytes, Device declared) const override {
    if (declared == Device::cpu()) return check_host_pointer(argument, device_->place_of(pointer));
    device_->check_pointer(argument, pointer, element_bytes);
  }

  std::shared_ptr<const DictionaryData> make_dictionary(const AtomSource& source) const override {
    const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
    auto dictionary = make_device_dictionary(device_, on_host(*device_, source), static_cast<int>(threads));
    device_->synchronize();  // contexts on other streams may use it from now on
    return dictionary;
  }

  TileCost tile_cost(const Problem& problem) const override {
    check_supported(problem);
    return WorkingSetTile<Engine>::cost(own(*problem.dictionary));
  }

  std::unique_ptr<TileSolver> make_tile_solver(const Problem& problem, std::int64_t rows) const override {
    return std::make_unique<RangedTile<Engine>>(
        *device_, std::make_unique<WorkingSetTile<Engine>>(*device_, own(*problem.dictionary), problem, rows));
  }

  std::unique_ptr<ResultSink> make_result_sink(const Problem& problem) const override {
    return std::make_unique<DeviceResults<Engine>>(device_, problem.embeddings.rows, problem.dictionary->size);
  }
  void copy_to_host(void* to, const void* from, std::size_t bytes) const override {
    device_->download(to, from, bytes);
    device_->synchronize();
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

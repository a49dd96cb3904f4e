#pragma once

/// @file device_backend.hpp
/// The backend of a device, over the seam that `Engine` is: CudaDevice, or the tests' emulated one.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "admm_tile.hpp"
#include "backend/backend.hpp"
#include "certify_codes.hpp"
#include "core/validate.hpp"
#include "device_dictionary.hpp"
#include "device_results.hpp"
#include "fista_tile.hpp"
#include "host_atoms.hpp"
#include "ranged_tile.hpp"
#include "recompose_codes.hpp"
#include "rounds_queue.hpp"
#include "target_tile.hpp"
#include "working_set_tile.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class DeviceBackend final : public Backend {
 public:
  /// @param threads  of the host, for the preparation of dictionaries
  DeviceBackend(std::shared_ptr<Engine> device, int threads) : device_(std::move(device)), threads_(threads) {}

  Device device() const override { return device_->device(); }
  /// Enough for tiles of as many rows as keep a large device busy, some 40 KB each at d = 512 (more above 32,768 atoms).
  std::size_t default_memory_limit() const override {
    return std::clamp(device_->free_memory() / 4, Backend::default_memory_limit(), std::size_t{2} << 30);
  }
  int workers() const override { return 1; }
  bool in_order() const override { return true; }
  void begin_call() const override { device_->check_stream(); }
  void enter_thread() const override { device_->enter_thread(); }
  void check_pointer(std::string_view argument, const void* pointer, std::int64_t element_bytes,
                     Device declared) const override {
    if (declared == Device::cpu()) return check_host_pointer(argument, device_->place_of(pointer));
    device_->check_pointer(argument, pointer, element_bytes);
  }

  std::shared_ptr<const DictionaryData> make_dictionary(const AtomSource& source) const override {
    auto dictionary = make_device_dictionary(device_, on_host(*device_, source), threads_);
    device_->synchronize();  // contexts on other streams may use it from now on
    return dictionary;
  }

  TileCost tile_cost(const Problem& problem) const override {
    check_supported(problem);
    const DeviceDictionary<Engine>& dictionary = own(*problem.dictionary);
    switch (problem.solve.solver) {
      case SolverKind::fista: return FistaTile<Engine>::cost(dictionary, problem);
      case SolverKind::admm: return AdmmTile<Engine>::cost(dictionary, problem);
      case SolverKind::coordinate_descent:
      case SolverKind::working_set: break;
    }
    if (problem.target.given()) return TargetTile<Engine>::cost(dictionary, problem);
    return WorkingSetTile<Engine>::cost(dictionary);
  }

  std::unique_ptr<TileSolver> make_tile_solver(const Problem& problem, std::int64_t rows) const override {
    return std::make_unique<RangedTile<Engine>>(*device_, make_own_tile(problem, rows));
  }

  std::unique_ptr<ResultSink> make_result_sink(const Problem& problem) const override {
    return std::make_unique<DeviceResults<Engine>>(device_, problem.embeddings.rows, problem.dictionary->size);
  }
  std::unique_ptr<RoundsQueue> make_rounds_queue(const Problem& problem, std::int64_t most_rows,
                                                 std::int32_t rounds) const override {
    return std::make_unique<DeviceRoundsQueue<Engine>>(device_, own(*problem.dictionary), problem, most_rows, rounds);
  }
  void copy_to_host(void* to, const void* from, std::size_t bytes) const override {
    device_->download(to, from, bytes);
    device_->synchronize();
  }

  void synchronize() const override { device_->synchronize(); }

  CallRows call_rows(const DictionaryData& dictionary) const override {
    const std::int64_t rows = std::clamp<std::int64_t>((std::int64_t{16} << 20) / dictionary.dim, 64, 16384);
    return {rows, rows};
  }

  void certify(const Problem& problem, const SparseCodes& codes, std::int64_t first,
               std::span<RowReport> reports) const override {
    certify_codes(*device_, own(*problem.dictionary), problem, codes, first, reports);
  }
  void recompose(const DictionaryData& dictionary, const SparseCodes& codes, std::int64_t first, std::int64_t count,
                 MatrixView<float> reconstruction) const override {
    recompose_codes(*device_, own(dictionary), codes, first, count, reconstruction);
  }

 private:
  std::unique_ptr<TileSolver> make_own_tile(const Problem& problem, std::int64_t rows) const {
    const DeviceDictionary<Engine>& dictionary = own(*problem.dictionary);
    switch (problem.solve.solver) {
      case SolverKind::fista: return std::make_unique<FistaTile<Engine>>(*device_, dictionary, problem, rows);
      case SolverKind::admm: return std::make_unique<AdmmTile<Engine>>(*device_, dictionary, problem, rows);
      case SolverKind::coordinate_descent:  // refused before
      case SolverKind::working_set: break;
    }
    if (problem.target.given()) return std::make_unique<TargetTile<Engine>>(*device_, dictionary, problem, rows);
    return std::make_unique<WorkingSetTile<Engine>>(*device_, dictionary, problem, rows);
  }

  static const DeviceDictionary<Engine>& own(const DictionaryData& dictionary) {
    return static_cast<const DeviceDictionary<Engine>&>(dictionary);  // checked at the API's edge
  }

  void check_supported(const Problem& problem) const {
    if (problem.solve.solver != SolverKind::coordinate_descent) return;
    fail_argument("solve.solver", "coordinate_descent on " + to_string(device()),
                  "working_set, fista or admm, or a context on cpu");
  }

  std::shared_ptr<Engine> device_;
  int threads_;
};

}  // namespace splice_cuda::cuda

#pragma once

/// @file rounds_queue.hpp
/// The default solver with a fixed number of rounds, enqueued without a look at the device (queued_solver.hpp).

#include <cstdint>
#include <memory>

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "device_dictionary.hpp"
#include "splice_cuda/error.hpp"
#include "working_set_tile.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class DeviceRoundsQueue final : public RoundsQueue {
 public:
  DeviceRoundsQueue(std::shared_ptr<Engine> engine, const DeviceDictionary<Engine>& dictionary, const Problem& problem,
                    std::int64_t most_rows, std::int32_t rounds)
      : engine_(std::move(engine)),
        dictionary_(dictionary),
        problem_(problem),
        rounds_(rounds),
        tile_(*engine_, dictionary, problem_, most_rows) {}

  ~DeviceRoundsQueue() override {
    // A dictionary that another context has made is freed in the order of that one's stream.
    if (dictionary_.owner == engine_) return;
    try {
      engine_->synchronize();
    } catch (const Error&) {
    }
  }

  void enqueue(const EmbeddingsView& embeddings, const RowCodes& codes) override {
    problem_.embeddings = embeddings;
    tile_.enqueue(embeddings.rows, rounds_, codes);
  }

 private:
  std::shared_ptr<Engine> engine_;
  const DeviceDictionary<Engine>& dictionary_;  ///< which the solver keeps
  Problem problem_;  ///< of the batch at hand
  std::int32_t rounds_;
  WorkingSetTile<Engine> tile_;
};

}  // namespace splice_cuda::cuda

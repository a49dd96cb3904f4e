#pragma once

/// @file ranged_tile.hpp
/// A tile solver whose stages a profiler shows by name.

#include <cstdint>
#include <memory>
#include <utility>

#include "backend/backend.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class RangedTile final : public TileSolver {
 public:
  RangedTile(Engine& device, std::unique_ptr<TileSolver> tile) : device_(device), tile_(std::move(tile)) {}

  std::int64_t capacity() const override { return tile_->capacity(); }
  std::int64_t occupied() const override { return tile_->occupied(); }
  void expect(std::int64_t first_row, std::int64_t count) override { tile_->expect(first_row, count); }
  void prepare(std::int64_t first_row, std::int64_t count) override {
    const typename Engine::Range range(device_, "splice prepare");
    tile_->prepare(first_row, count);
  }
  void screen() override {
    const typename Engine::Range range(device_, "splice screen");
    tile_->screen();
  }
  void solve() override {
    const typename Engine::Range range(device_, "splice solve");
    tile_->solve();
  }
  void certify() override {
    const typename Engine::Range range(device_, "splice certify");
    tile_->certify();
  }
  void compact(RowSink& sink) override {
    const typename Engine::Range range(device_, "splice compact");
    tile_->compact(sink);
  }

 private:
  Engine& device_;
  std::unique_ptr<TileSolver> tile_;
};

}  // namespace splice_cuda::cuda

// Takes the place of the CUDA backend in programs that link it: Device::cuda(0) then has every result at once, so that what is left
// of a call is the host's part.

#include "instant_device.hpp"

#include <memory>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "splice_cuda/build_info.hpp"

namespace splice_cuda {
namespace bench {

std::int64_t& instant_entries() {
  static std::int64_t entries = 20;
  return entries;
}

namespace {

/// As many rows as a tile has on an H200.
constexpr std::int64_t tile_rows = 33792;

/// A tile's results, made once.
struct TileResults {
  explicit TileResults(std::int64_t entries) {
    for (std::int64_t i = 0; i <= tile_rows; ++i) offsets.push_back(i * entries);
    atoms.resize(static_cast<std::size_t>(tile_rows * entries));
    for (std::size_t i = 0; i < atoms.size(); ++i) atoms[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(entries));
    values.assign(atoms.size(), 0.25f);
    reports.resize(tile_rows);
  }
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> atoms;
  std::vector<float> values;
  std::vector<RowReport> reports;
};

const TileResults& tile_results() {
  static const TileResults results(instant_entries());
  return results;
}

class InstantTile final : public TileSolver {
 public:
  std::int64_t capacity() const override { return occupied_ > 0 ? occupied_ : tile_rows; }
  std::int64_t occupied() const override { return occupied_; }
  void prepare(std::int64_t first_row, std::int64_t count) override {
    first_ = first_row;
    occupied_ = count;
  }
  void screen() override {}
  void solve() override {}
  void certify() override {}
  void compact(RowSink& sink) override {
    const TileResults& all = tile_results();
    const auto rows = static_cast<std::size_t>(occupied_);
    const auto entries = static_cast<std::size_t>(all.offsets[rows]);
    sink.accept_batch({first_, std::span(all.offsets).first(rows + 1), std::span(all.atoms).first(entries),
                       std::span(all.values).first(entries), std::span(all.reports).first(rows)});
    occupied_ = 0;
  }

 private:
  std::int64_t first_ = 0;
  std::int64_t occupied_ = 0;
};

class InstantBackend final : public Backend {
 public:
  Device device() const override { return Device::cuda(0); }
  int workers() const override { return 1; }
  bool in_order() const override { return true; }
  std::shared_ptr<const DictionaryData> make_dictionary(const AtomSource& source) const override {
    auto dictionary = std::make_shared<DictionaryData>();
    dictionary->size = source.atoms.rows;
    dictionary->dim = source.atoms.cols;
    dictionary->device = device();
    for (std::int32_t j = 0; j < dictionary->size; ++j) dictionary->first_equal.push_back(j);
    return dictionary;
  }
  TileCost tile_cost(const Problem&) const override { return {.row_bytes = 1, .preferred_rows = tile_rows}; }
  std::unique_ptr<TileSolver> make_tile_solver(const Problem&, std::int64_t) const override {
    return std::make_unique<InstantTile>();
  }
  void certify(const Problem&, const SparseCodes&, std::int64_t, std::span<RowReport>) const override {}
  void recompose(const DictionaryData&, const SparseCodes&, std::int64_t, std::int64_t, MatrixView<float>) const override {}
};

}  // namespace
}  // namespace bench

std::unique_ptr<Backend> make_cuda_backend(Device, const ContextOptions&) { return std::make_unique<bench::InstantBackend>(); }

int cuda_device_count() noexcept { return 1; }

CudaInfo cuda_info() { return {}; }

}  // namespace splice_cuda

// Sizes beyond 2^31 elements: planned, not allocated.

#include <cstdint>
#include <limits>
#include <memory>

#include <gtest/gtest.h>

#include "core/tile_plan.hpp"
#include "cuda/emulation/emulated_device.hpp"
#include "device_dictionary.hpp"
#include "splice_cuda/error.hpp"
#include "working_set_tile.hpp"

namespace splice_cuda::testing {
namespace {

using Engine = emulation::EmulatedDevice;

constexpr std::int64_t most_atoms = 0x7fffffff - 64;
constexpr std::size_t exabyte = std::size_t{1} << 60;

/// Its figures without its arrays.
cuda::DeviceDictionary<Engine> dictionary(std::int64_t size, std::int64_t dim) {
  cuda::DeviceDictionary<Engine> d;
  d.owner = std::make_shared<Engine>(Device::cuda(0));
  d.size = size;
  d.dim = dim;
  d.ld = (dim + 63) / 64 * 64;
  d.padded_size = (size + 31) / 32 * 32;
  return d;
}

TEST(LargeSizes, CostsOfTheLargestDictionary) {
  const TileCost cost = cuda::WorkingSetTile<Engine>::cost(dictionary(most_atoms, 65536));
  EXPECT_GE(cost.fixed_bytes, std::size_t{20} * most_atoms) << "weights and bounds of each atom";
  EXPECT_LT(cost.fixed_bytes, exabyte);
  EXPECT_GE(cost.row_bytes, std::size_t{65536} * 8);
  EXPECT_LT(cost.row_bytes, exabyte);
}

TEST(LargeSizes, CostsGrowWithTheSizes) {
  TileCost before;
  for (const std::int64_t atoms : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{1} << 20, std::int64_t{1} << 30, most_atoms}) {
    const TileCost cost = cuda::WorkingSetTile<Engine>::cost(dictionary(atoms, 1024));
    EXPECT_GE(cost.row_bytes, before.row_bytes) << atoms;
    before = cost;
  }
  for (const std::int64_t dim : {1, 64, 1024, 65536}) {
    const TileCost cost = cuda::WorkingSetTile<Engine>::cost(dictionary(1 << 20, dim));
    EXPECT_LT(cost.bytes(32768), exabyte) << dim;
  }
}

TEST(LargeSizes, PlansOfMoreRowsThanInt32Counts) {
  const TileCost cost = cuda::WorkingSetTile<Engine>::cost(dictionary(15000, 512));
  for (const std::int64_t rows : {(std::int64_t{1} << 31) + 1, std::int64_t{1} << 40, std::numeric_limits<std::int64_t>::max() / 4096}) {
    for (const std::size_t limit : {cost.bytes(1), std::size_t{80} << 30, exabyte}) {
      const TilePlan plan = plan_tiles(cost, rows, 1, limit);
      EXPECT_GE(plan.rows_per_tile, 1);
      EXPECT_LE(plan.rows_per_tile, cost.preferred_rows);
      EXPECT_LE(cost.bytes(plan.rows_per_tile), limit);
    }
  }
}

TEST(LargeSizes, TheLargestDictionaryNeedsItsMemory) {
  const TileCost cost = cuda::WorkingSetTile<Engine>::cost(dictionary(most_atoms, 65536));
  EXPECT_THROW(plan_tiles(cost, std::int64_t{1} << 33, 1, cost.bytes(1) - 1), OutOfMemoryError);
  EXPECT_EQ(plan_tiles(cost, std::int64_t{1} << 33, 1, cost.bytes(1)).rows_per_tile, 1);
}

TEST(LargeSizes, SlicesFarIntoABatch) {
  const auto* base = reinterpret_cast<const float*>(std::uintptr_t{256});
  const EmbeddingsView rows = MatrixView<const float>{base, std::int64_t{1} << 33, 512};
  const auto* there = static_cast<const unsigned char*>(rows.slice((std::int64_t{1} << 33) - 1, 1).data);
  EXPECT_EQ(there - reinterpret_cast<const unsigned char*>(base), ((std::int64_t{1} << 33) - 1) * 2048);
}

}  // namespace
}  // namespace splice_cuda::testing

// Fragments of int8 products: loaded, multiplied and read back they are the product; slices have no bank conflicts.

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

#include "core/half.hpp"
#include "cuda/emulation/emulated_devices.hpp"
#include "kernels/screen_memory.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::testing {
namespace {

/// sums[16, 8] += rows[16, 32] columns[8, 32]', by one warp.
struct ProductKernel {
  struct Args {
    const cuda::Chunk* rows = nullptr;     ///< [16, 2]
    const cuda::Chunk* columns = nullptr;  ///< [8, 2]
    std::int32_t* sums = nullptr;          ///< [16, 8]
  };
  struct Shared {
    cuda::Chunk rows[32];
    cuda::Chunk columns[32];  // the latter half of which is 0
  };
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "product_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared& shared) {
    auto rows = group.array(shared.rows, 32);
    auto columns = group.array(shared.columns, 32);
    group.each([&](int lane) {
      group.copy_async(rows, lane, args.rows + lane, true);
      group.copy_async(columns, lane, args.columns + lane % 16, lane < 16);
    });
    group.commit_copies();
    group.template wait_copies<0>();
    group.sync();
    struct Registers {
      std::uint32_t rows[4];
      std::uint32_t columns[4];
      std::int32_t sums[4];
    };
    typename Group::template PerLane<Registers> own;
    group.each([&](int lane) {
      for (int r = 0; r < 4; ++r) own[lane].sums[r] = args.sums[at(lane, r)];
    });
    group.load_matrices(rows, [](int lane) { return lane % 16 * 2 + lane / 16; }, [&](int lane) { return own[lane].rows; });
    group.load_matrices(columns, [](int lane) { return (lane / 16 * 8 + lane % 8) * 2 + lane / 8 % 2; },
                        [&](int lane) { return own[lane].columns; });
    group.multiply_add_s8([&](int lane) { return own[lane].rows; }, [&](int lane) { return own[lane].columns; },
                          [&](int lane) { return own[lane].sums; });
    group.each([&](int lane) {
      for (int r = 0; r < 4; ++r) args.sums[at(lane, r)] = own[lane].sums[r];
      for (int r = 2; r < 4; ++r) EXPECT_EQ(own[lane].columns[r], 0u);  // what was not present
    });
  }

  static int at(int lane, int r) { return cuda::sum_row(lane, r) * 8 + cuda::sum_column(lane, r); }
};

TEST(WarpProducts, FragmentsMakeTheProduct) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> byte(-128, 127);
  std::array<std::int8_t, 16 * 32> rows{};
  std::array<std::int8_t, 8 * 32> columns{};
  std::array<std::int32_t, 16 * 8> sums{};
  for (auto& value : rows) value = static_cast<std::int8_t>(byte(random));
  for (auto& value : columns) value = static_cast<std::int8_t>(byte(random));
  for (auto& value : sums) value = byte(random);
  std::array<std::int32_t, 16 * 8> expected = sums;
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < 8; ++j) {
      for (std::size_t k = 0; k < 32; ++k) expected[i * 8 + j] += rows[i * 32 + k] * columns[j * 32 + k];
    }
  }
  std::array<cuda::Chunk, 32> row_chunks{};
  std::array<cuda::Chunk, 16> column_chunks{};
  std::memcpy(row_chunks.data(), rows.data(), sizeof rows);
  std::memcpy(column_chunks.data(), columns.data(), sizeof columns);
  const emulation::Watched watched;
  emulation::emulated_device(0)->launch<ProductKernel>(1, {row_chunks.data(), column_chunks.data(), sums.data()});
  EXPECT_EQ(sums, expected);
  EXPECT_EQ(emulation::faults().total(), 0) << emulation::faults().first;
}

/// sums[16, 8] += rows[16, 16] columns[8, 16]' of float16, by one warp.
struct HalfProductKernel {
  struct Args {
    const Float16* rows = nullptr;     ///< [16, 16]
    const Float16* columns = nullptr;  ///< [8, 16]
    float* sums = nullptr;             ///< [16, 8]
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "half_product_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    struct Registers {
      std::uint32_t rows[4];
      std::uint32_t columns[2];
      float sums[4];
    };
    typename Group::template PerLane<Registers> own;
    const auto word = [](const Float16* two) { return two[0].bits | static_cast<std::uint32_t>(two[1].bits) << 16; };
    group.each([&](int lane) {
      for (int r = 0; r < 4; ++r) {
        own[lane].rows[r] = word(args.rows + cuda::operand_row(lane, r) * 16 + cuda::row_half_k(lane, r, 0));
        own[lane].sums[r] = args.sums[cuda::sum_row(lane, r) * 8 + cuda::sum_column(lane, r)];
      }
      for (int r = 0; r < 2; ++r) {
        own[lane].columns[r] = word(args.columns + cuda::operand_column(lane) * 16 + cuda::column_half_k(lane, r, 0));
      }
    });
    group.multiply_add_half([&](int lane) { return own[lane].rows; }, [&](int lane) { return own[lane].columns; },
                            [&](int lane) { return own[lane].sums; });
    group.each([&](int lane) {
      for (int r = 0; r < 4; ++r) args.sums[cuda::sum_row(lane, r) * 8 + cuda::sum_column(lane, r)] = own[lane].sums[r];
    });
  }
};

// Small integers: every sum is exact, in whatever order.
TEST(WarpProducts, Float16FragmentsMakeTheProduct) {
  std::mt19937 random(2);
  std::uniform_int_distribution<int> number(-60, 60);
  std::array<Float16, 16 * 16> rows{};
  std::array<Float16, 8 * 16> columns{};
  std::array<float, 16 * 8> sums{};
  for (auto& value : rows) value = to_float16(static_cast<float>(number(random)));
  for (auto& value : columns) value = to_float16(static_cast<float>(number(random)) / 64);
  for (auto& value : sums) value = static_cast<float>(number(random));
  std::array<float, 16 * 8> expected = sums;
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < 8; ++j) {
      for (std::size_t k = 0; k < 16; ++k) expected[i * 8 + j] += to_float(rows[i * 16 + k]) * to_float(columns[j * 16 + k]);
    }
  }
  emulation::emulated_device(0)->launch<HalfProductKernel>(1, {rows.data(), columns.data(), sums.data()});
  EXPECT_EQ(sums, expected);
}

// Shared memory gives 128 bytes a turn, in banks of 4 bytes: 8 chunks in different eighths of 128 bytes.
TEST(WarpProducts, SlicesHaveNoBankConflicts) {
  using Geometry = cuda::ScreenSlices;
  for (int first = 0; first < 128; first += 8) {
    for (int chunk = 0; chunk < Geometry::row_chunks; ++chunk) {
      std::set<int> places;
      for (int row = first; row < first + 8; ++row) places.insert(Geometry::chunk_at(row, chunk) % 8);
      EXPECT_EQ(places.size(), 8u);  // a matrix of ldmatrix
    }
  }
  for (int first = 0; first < 128; first += 2) {
    std::set<int> places;
    for (int lane = 0; lane < 8; ++lane) places.insert(Geometry::chunk_at(first + lane / 4, lane % 4) % 8);
    EXPECT_EQ(places.size(), 8u);  // a quarter of a warp's copies
  }
}

TEST(WarpProducts, EveryChunkHasItsPlace) {
  using Geometry = cuda::ScreenSlices;
  std::set<int> places;
  for (int row = 0; row < 128; ++row) {
    for (int chunk = 0; chunk < Geometry::row_chunks; ++chunk) places.insert(Geometry::chunk_at(row, chunk));
  }
  EXPECT_EQ(places.size(), 512u);
  EXPECT_EQ(*places.rbegin(), 511);
}

}  // namespace
}  // namespace splice_cuda::testing

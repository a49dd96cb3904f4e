// Products of warpgroups: operands out of slices as they are copied, sums by their layout; what an asynchronous product cannot
// do without is reported where it is missing.

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>
#include <vector>

#include "cuda/emulation/emulated_devices.hpp"
#include "cuda/emulation/watched.hpp"
#include "kernels/screen_memory.hpp"
#include "lane_group.hpp"
#include "warpgroup_layout.hpp"

namespace splice_cuda::testing {
namespace {

enum class Missing : std::uint8_t { nothing, publishing, barrier, wait_before_writing, last_wait, alignment };

/// sums[128, columns] = rows[128, 64] columns[columns, 64]' twice, the second time added; half of the rows a warpgroup.
template <int columns>
struct AsyncProductKernel {
  struct Args {
    const cuda::Chunk* rows = nullptr;     ///< [128, 4]
    const cuda::Chunk* others = nullptr;    ///< [columns, 4]
    std::int32_t* sums = nullptr;          ///< [128, columns]
    Missing missing = Missing::nothing;
  };
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "async_product_kernel";
  static constexpr int row_chunks = 128 * 4;
  static constexpr int column_chunks = columns * 4;
  static constexpr int spare_chunks = 32;  // a block of the pattern's
  static std::size_t dynamic_bytes(const Args&) { return (row_chunks + column_chunks + spare_chunks) * sizeof(cuda::Chunk); }

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    const Missing missing = args.missing;
    auto chunks = group.array(reinterpret_cast<cuda::Chunk*>(group.dynamic_memory()),
                              row_chunks + column_chunks + spare_chunks);
    const int shifted = missing == Missing::alignment ? 8 : 0;
    const auto place = [&](int chunk) { return cuda::ScreenSlices::chunk_at(chunk / 4, chunk % 4); };
    group.each([&](int lane) {
      for (int i = lane; i < row_chunks; i += lanes) group.copy_async(chunks, place(i), args.rows + i, true);
      for (int i = lane; i < column_chunks + shifted; i += lanes) {
        group.copy_async(chunks, row_chunks + place(i), args.others + i % column_chunks, true);
      }
    });
    group.commit_copies();
    group.template wait_copies<0>();
    if (missing != Missing::publishing) group.publish_to_products();
    if (missing != Missing::barrier) group.sync();
    struct Sums {
      std::int32_t of[cuda::warpgroup_sums(columns)];
    };
    typename Group::template PerLane<Sums> sums;
    const auto own = [&](int lane) { return sums[lane].of; };
    for (const bool keep : {false, true}) {
      group.template multiply_async<columns>(chunks, [](int warpgroup) { return warpgroup * 64 * 4; }, chunks,
                                             [&](int) { return row_chunks + shifted; }, keep, own);
      group.template wait_products<1, columns>(own);
    }
    if (missing != Missing::last_wait && missing != Missing::wait_before_writing) group.template wait_products<0, columns>(own);
    group.sync();
    if (missing == Missing::wait_before_writing) {
      group.each([&](int lane) { chunks[lane] = cuda::Chunk{}; });
      group.template wait_products<0, columns>(own);
    }
    group.each([&](int lane) {
      const int first = lane / cuda::warpgroup_lanes * cuda::warpgroup_rows;
      const int within = lane % cuda::warpgroup_lanes;
      for (int r = 0; r < cuda::warpgroup_sums(columns); ++r) {
        const int row = first + cuda::warpgroup_sum_row(within, r);
        args.sums[row * columns + cuda::warpgroup_sum_column(within, r)] = sums[lane].of[r];
      }
    });
  }
};

struct Outcome {
  emulation::Faults faults;
  bool right = false;
};

template <int columns>
Outcome multiplied(Missing missing) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> byte(-128, 127);
  std::vector<std::int8_t> rows(128 * 64);
  std::vector<std::int8_t> others(static_cast<std::size_t>(columns) * 64);
  for (auto& value : rows) value = static_cast<std::int8_t>(byte(random));
  for (auto& value : others) value = static_cast<std::int8_t>(byte(random));
  std::vector<std::int32_t> expected(static_cast<std::size_t>(128 * columns));
  emulation::EmulatedDevice& device = *emulation::emulated_device(0);
  device.multiply_int8(rows.data(), 128, others.data(), columns, 64, expected.data());
  for (std::int32_t& sum : expected) sum *= 2;
  std::vector<cuda::Chunk> row_chunks(rows.size() / 16);
  std::vector<cuda::Chunk> column_chunks(others.size() / 16);
  std::memcpy(row_chunks.data(), rows.data(), rows.size());
  std::memcpy(column_chunks.data(), others.data(), others.size());
  std::vector<std::int32_t> sums(expected.size());
  const emulation::Watched watched;
  device.launch<AsyncProductKernel<columns>>(1, {row_chunks.data(), column_chunks.data(), sums.data(), missing});
  return {emulation::faults(), sums == expected};
}

/// @param kind  what is reported; nothing else is
void expect_reported(Missing missing, std::int64_t emulation::Faults::*kind) {
  const emulation::Faults found = multiplied<64>(missing).faults;
  EXPECT_GT(found.*kind, 0) << "missing " << static_cast<int>(missing);
  EXPECT_EQ(found.total(), found.*kind) << "missing " << static_cast<int>(missing) << ": " << found.first;
}

TEST(WarpgroupProducts, FragmentsMakeTheProduct) {
  for (const Outcome& found : {multiplied<64>(Missing::nothing), multiplied<128>(Missing::nothing)}) {
    EXPECT_TRUE(found.right);
    EXPECT_EQ(found.faults.total(), 0) << found.faults.first;
  }
}

TEST(WarpgroupProducts, WhatIsMissingIsReported) {
  EXPECT_GT(multiplied<64>(Missing::barrier).faults.races, 0);
  EXPECT_GT(multiplied<64>(Missing::barrier).faults.unpublished_reads, 0);
  EXPECT_GT(multiplied<64>(Missing::wait_before_writing).faults.unfinished_products, 0);
  EXPECT_FALSE(multiplied<64>(Missing::wait_before_writing).right);
  EXPECT_FALSE(multiplied<64>(Missing::last_wait).right);
  EXPECT_FALSE(multiplied<64>(Missing::alignment).right);
  expect_reported(Missing::publishing, &emulation::Faults::unpublished_reads);
  expect_reported(Missing::last_wait, &emulation::Faults::unfinished_products);
  expect_reported(Missing::alignment, &emulation::Faults::misaligned_accesses);
}

TEST(WarpgroupProducts, SlicesLieAsTheSwizzleHasIt) {
  using Geometry = cuda::ScreenSlices;
  EXPECT_EQ(Geometry::slice_bytes, cuda::swizzled_row_bytes);
  for (int row = 0; row < 128; ++row) {
    for (int chunk = 0; chunk < Geometry::row_chunks; ++chunk) {
      const auto unswizzled = static_cast<std::uint32_t>(64 * row + 16 * chunk);
      EXPECT_EQ(static_cast<std::uint32_t>(16 * Geometry::chunk_at(row, chunk)), cuda::swizzled(unswizzled));
    }
  }
}

// PTX ISA, "Matrix Descriptor".
TEST(WarpgroupProducts, DescriptorsHaveTheirBits) {
  const std::uint64_t descriptor = cuda::matrix_descriptor(0x2A600);
  EXPECT_EQ(descriptor & 0x3FFF, 0x2A60u);
  EXPECT_EQ(descriptor >> 32 & 0x3FFF, 32u);  // eight rows further on: 512 bytes
  EXPECT_EQ(descriptor >> 49 & 7, 0u);        // the pattern begins where the matrix does
  EXPECT_EQ(descriptor >> 62, 2u);            // swizzled by 64 bytes
  EXPECT_EQ(descriptor & ~(std::uint64_t{2} << 62 | std::uint64_t{32} << 32 | std::uint64_t{1} << 16 | 0x3FFF), 0u);
}

TEST(WarpgroupProducts, EverySumHasItsPlace) {
  for (const int columns : {64, 128}) {
    std::set<int> places;
    for (int lane = 0; lane < cuda::warpgroup_lanes; ++lane) {
      for (int r = 0; r < cuda::warpgroup_sums(columns); ++r) {
        places.insert(cuda::warpgroup_sum_row(lane, r) * columns + cuda::warpgroup_sum_column(lane, r));
      }
    }
    EXPECT_EQ(places.size(), static_cast<std::size_t>(cuda::warpgroup_rows * columns));
    EXPECT_EQ(*places.rbegin(), cuda::warpgroup_rows * columns - 1);
  }
  // Figure "WGMMA .m64nNk32 register fragment layout for accumulator matrix D": lane 37 is the sixth of the second warp.
  EXPECT_EQ(cuda::warpgroup_sum_row(37, 0), 17);
  EXPECT_EQ(cuda::warpgroup_sum_column(37, 0), 2);
  EXPECT_EQ(cuda::warpgroup_sum_row(37, 7), 25);
  EXPECT_EQ(cuda::warpgroup_sum_column(37, 7), 11);
}

/// What the pieces of the screening say of a lane's sums is what the products' layouts say.
template <int places, cuda::ProductUnit unit>
void check_pieces() {
  using Geometry = cuda::ScreenGeometry<places, unit>;
  using Pieces = cuda::ScreenPieces<Geometry>;
  std::set<int> found;
  for (int thread = 0; thread < Geometry::lanes; ++thread) {
    const int warp = thread / 32;
    const int lane = thread % 32;
    for (int i = 0; i < Pieces::count; ++i) {
      for (int j = 0; j < 2 * Geometry::piece_products; ++j) {
        const int r = Pieces::sum(i, j / 2, j % 2);
        const int row = Pieces::row(warp, lane, i);
        const int atom = Pieces::word(warp, i) * Geometry::word_atoms + j / 2 * 8 + cuda::sum_column(lane, j % 2);
        found.insert(row * Geometry::tile_atoms + atom);
        if constexpr (unit == cuda::ProductUnit::warpgroup) {
          const int group = thread / cuda::warpgroup_lanes;
          const int own = thread % cuda::warpgroup_lanes;
          EXPECT_EQ(row, Geometry::group_row(group) + cuda::warpgroup_sum_row(own, r));
          EXPECT_EQ(atom, Geometry::group_atom(group) + cuda::warpgroup_sum_column(own, r));
        } else {
          const int product = r / cuda::sum_registers;
          EXPECT_EQ(row, Geometry::first_row(warp) + product / Geometry::piece_products * 16 + cuda::sum_row(lane, r % 4));
        }
      }
    }
  }
  EXPECT_EQ(found.size(), static_cast<std::size_t>(places * Geometry::tile_atoms));
}
TEST(ScreenGeometry, EveryPairOfRowAndAtomHasASum) {
  check_pieces<128, cuda::ProductUnit::warp>();
  check_pieces<64, cuda::ProductUnit::warp>();
  check_pieces<128, cuda::ProductUnit::warpgroup>();
  check_pieces<64, cuda::ProductUnit::warpgroup>();
}

}  // namespace
}  // namespace splice_cuda::testing

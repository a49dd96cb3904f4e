// The fused screening kernels, by warps and by warpgroups, make the lists of the portable one, bit by bit.

#include <gtest/gtest.h>

#include <array>

#include "cuda/screen_lists.hpp"

namespace splice_cuda::testing {
namespace {

using cuda::ProductUnit;

/// With the rows in slices, and in shared memory where they fit, in both sizes of blocks.
template <ProductUnit unit>
void check(ScreenProblem& problem, const ScreenLists& expected) {
  EXPECT_EQ(problem.difference(expected, problem.fused<64, false, unit>()), "") << "64 places, rows in slices";
  if (!problem.rows_fit<128, unit>()) return;
  EXPECT_EQ(problem.difference(expected, problem.fused<64, true, unit>()), "") << "64 places, rows stay";
  EXPECT_EQ(problem.difference(expected, problem.fused<128, true, unit>()), "") << "128 places, rows stay";
}

void check(const ScreenCase& wanted, unsigned seed) {
  ScreenProblem problem(wanted, seed);
  const ScreenLists expected = problem.portable();
  {
    SCOPED_TRACE("by warps");
    check<ProductUnit::warp>(problem, expected);
  }
  {
    SCOPED_TRACE("by warpgroups");
    check<ProductUnit::warpgroup>(problem, expected);
  }
}

/// Entries of all lists, and how many lists are full.
std::array<std::int64_t, 2> size_of(const ScreenCase& wanted, unsigned seed) {
  const ScreenLists lists = ScreenProblem(wanted, seed).portable();
  std::array<std::int64_t, 2> size{};
  for (const std::int32_t count : lists.counts) {
    size[0] += count;
    size[1] += count > wanted.capacity ? 1 : 0;
  }
  return size;
}

TEST(ScreenFused, WholeTiles) { check({128, 128, 512, 256, 512}, 1); }
TEST(ScreenFused, OneSlice) { check({70, 70, 640, 64, 640}, 2); }
TEST(ScreenFused, FewerSlicesThanTheRing) { check({70, 70, 640, 128, 640}, 3); }
TEST(ScreenFused, AsManySlicesAsTheRing) { check({70, 70, 384, 256, 384}, 16); }
TEST(ScreenFused, OddSlices) { check({65, 65, 384, 192, 384}, 4); }
TEST(ScreenFused, LastTileIsPartly) {
  for (const std::int64_t atoms : {32, 96, 160, 352}) check({40, 40, atoms, 128, atoms}, 5);
}
TEST(ScreenFused, FewPlaces) {
  for (const std::int64_t rows : {1, 7, 63, 64, 65, 127, 129}) check({rows, rows, 256, 64, 256}, 6);
}
TEST(ScreenFused, SomeRowsTakePart) {
  for (const std::int64_t active : {0, 1, 77, 150}) check({200, active, 256, 64, 256}, 7);
}
TEST(ScreenFused, EitherSign) {
  ScreenCase wanted{90, 85, 416, 128, 416};
  wanted.nonnegative = false;
  check(wanted, 8);
}
TEST(ScreenFused, NothingPasses) {
  ScreenCase wanted{64, 64, 384, 64, 384};
  wanted.listed = 1e-12;
  EXPECT_EQ(size_of(wanted, 9)[0], 0);
  check(wanted, 9);
}
TEST(ScreenFused, HalfPasses) {
  ScreenCase wanted{90, 90, 384, 64, 384};
  wanted.listed = 0.5;
  EXPECT_GT(size_of(wanted, 10)[0], 90 * 384 / 4);
  check(wanted, 10);
}
TEST(ScreenFused, ListsOverflow) {
  for (const std::int64_t capacity : {1, 13, 32, 40}) {
    ScreenCase wanted{90, 90, 384, 64, capacity};
    wanted.listed = 0.1;
    EXPECT_GT(size_of(wanted, 11)[1], 5);
    check(wanted, 11);
  }
}
TEST(ScreenFused, Segments) {
  for (const int target : {3, 4, 5, 8, 9, 100}) {
    ScreenCase wanted{70, 60, 1184, 64, 50};
    wanted.target_blocks = target;
    check(wanted, 12);
  }
}
TEST(ScreenFused, SegmentsOfSeveralBlocks) {
  ScreenCase wanted{200, 190, 800, 128, 60};
  wanted.target_blocks = 20;
  check(wanted, 13);
}
// Sums at d = 4,096 take 26 bits: as in the portable path, float32 rounds them.
TEST(ScreenFused, ManyDimensions) { check({20, 20, 160, 2048, 160}, 14); }

// Segments have an end, none is empty, and no more blocks come of them than the device runs at once.
TEST(ScreenSplit, CoversTheAtoms) {
  for (const int tiles : {1, 3, 4, 7, 33, 118, 1000}) {
    for (const std::int64_t places : {1, 64, 65, 400, 5000}) {
      for (const int target : {1, 3, 4, 8, 31, 264}) {
        const cuda::ScreenSplit split = cuda::split_screening(places, tiles, 64, target);
        EXPECT_EQ(split.place_blocks, (places + 63) / 64);
        EXPECT_GE(split.segments * split.segment_tiles, tiles);
        EXPECT_LT((split.segments - 1) * split.segment_tiles, tiles);
        EXPECT_LE(split.segments, cuda::ScreenSplit::most_segments);
        if (split.segments > 1) {
          EXPECT_LE(split.place_blocks * split.segments, target);
        }
      }
    }
  }
  EXPECT_EQ(cuda::split_screening(0, 10, 64, 8).place_blocks, 0);
  EXPECT_EQ(cuda::split_screening(128, 118, 64, 264).segments, 30);  // of 4 tiles
  EXPECT_EQ(cuda::split_screening(64 * 100, 118, 64, 264).segments, 1);
}

TEST(ScreenFused, NoFaultsWhenWatched) {
  for (const emulation::LaneOrder order : {emulation::LaneOrder::ascending, emulation::LaneOrder::descending}) {
    const emulation::Watched watched(order);
    for (const std::int64_t ld : {64, 192}) {
      ScreenCase wanted{70, 68, 416, ld, 20};
      wanted.listed = 0.1;
      for (const int target : {1, 8}) {
        wanted.target_blocks = target;
        check(wanted, 15);
      }
    }
    EXPECT_EQ(emulation::faults().total(), 0) << emulation::faults().first;
  }
}

}  // namespace
}  // namespace splice_cuda::testing

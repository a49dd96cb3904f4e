// Memory of results that grow: asked for once where rows are alike, seldom where they are not, never for more than there can be.

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <new>
#include <span>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/growing_result.hpp"
#include "core/host_results.hpp"

namespace splice_cuda::testing {
namespace {

/// Appends `parts` parts of `rows` rows; part k has entries(k) a row. How often memory was asked for.
template <class Entries>
int allocations(SparseCodes& codes, int parts, std::int64_t rows, Entries entries) {
  int count = 0;
  const float* last = codes.values.data();
  for (int k = 0; k < parts; ++k) {
    const std::int64_t total = codes.nnz() + rows * entries(k);
    reserve_entries(codes, total, (k + 1) * rows);
    codes.row_offsets.push_back(total);
    codes.atom_indices.resize(static_cast<std::size_t>(total));
    codes.values.resize(static_cast<std::size_t>(total));
    count += codes.values.data() != last ? 1 : 0;
    last = codes.values.data();
  }
  return count;
}

SparseCodes codes_of(std::int64_t rows, std::int64_t cols) { return start_result(rows, cols).codes; }

TEST(GrowingResult, StartsWithoutARow) {
  const DecomposeResult result = start_result(1000, 50);
  EXPECT_EQ(result.codes.rows, 1000);
  EXPECT_EQ(result.codes.cols, 50);
  EXPECT_EQ(result.codes.row_offsets, std::vector<std::int64_t>{0});
  EXPECT_TRUE(result.reports.empty());
  EXPECT_GE(result.reports.capacity(), 1000u);
  EXPECT_GE(result.codes.row_offsets.capacity(), 1001u);
}

TEST(GrowingResult, AsksOnceWhereRowsAreAlike) {
  SparseCodes codes = codes_of(100 * 256, 15000);
  EXPECT_EQ(allocations(codes, 100, 256, [](int part) { return 20 + (part * 7 % 5 == 1 ? 1 : 0); }), 1);
  EXPECT_LE(codes.values.capacity(), codes.values.size() * 11 / 10);
}

TEST(GrowingResult, AsksSeldomWhereRowsGrow) {
  SparseCodes codes = codes_of(200 * 64, 15000);
  EXPECT_LE(allocations(codes, 200, 64, [](int part) { return part; }), 16);
  EXPECT_LE(codes.values.capacity(), codes.values.size() * 2);
}

TEST(GrowingResult, AsksForNoMoreThanThereCanBe) {
  SparseCodes codes = codes_of(100, 10);
  reserve_entries(codes, 20, 2);
  EXPECT_EQ(codes.values.capacity(), 1000u);
  EXPECT_EQ(codes.atom_indices.capacity(), 1000u);
}

TEST(GrowingResult, WhatIsThereIsKept) {
  SparseCodes codes = codes_of(8, 100);
  codes.atom_indices = {4, 2};
  codes.values = {0.5f, 0.25f};
  reserve_entries(codes, 1, 1);
  reserve_entries(codes, 300, 4);
  EXPECT_EQ(codes.atom_indices, (std::vector<std::int32_t>{4, 2}));
  EXPECT_EQ(codes.values, (std::vector<float>{0.5f, 0.25f}));
  EXPECT_GE(codes.values.capacity(), 600u);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they end a program that asks for too much

/// A guess that no machine has the memory for: the rows to come may have none.
TEST(GrowingResult, MakesDoWithWhatIsNeeded) {
  SparseCodes codes;
  codes.rows = std::int64_t{1} << 40;
  codes.cols = std::numeric_limits<std::int32_t>::max();
  codes.row_offsets = {0};
  reserve_entries(codes, 100000, 1);
  EXPECT_GE(codes.values.capacity(), 100000u);
  EXPECT_GE(codes.atom_indices.capacity(), 100000u);
  EXPECT_LT(codes.values.capacity(), 1000000u);
}

/// Memory for one array as large as guessed, not for two: it must not be kept, as what is needed has no room then.
TEST(GrowingResult, AGuessThatHalfFitsIsGivenBack) {
  const auto exit_code = [] {
    constexpr std::int64_t entries = std::int64_t{25} << 20;
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    const rlim_t room = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{300} << 20);
    const rlimit limit{room, room};
    setrlimit(RLIMIT_AS, &limit);
    SparseCodes codes;
    codes.rows = 2;
    codes.cols = std::numeric_limits<std::int32_t>::max();
    codes.row_offsets = {0};
    try {
      reserve_entries(codes, entries, 1);  // 2 x 100 MiB are needed, 2 x 210 wanted
    } catch (const std::bad_alloc&) {
      return 3;
    }
    return static_cast<std::int64_t>(codes.values.capacity()) == entries ? 0 : 4;
  };
  EXPECT_EXIT(std::exit(exit_code()), ::testing::ExitedWithCode(0), "");
}

#endif

TEST(GrowingResult, TheLastRowsAskForNoMore) {
  SparseCodes codes = codes_of(4, 1000);
  reserve_entries(codes, 100, 4);
  EXPECT_EQ(codes.values.capacity(), 100u);
}

TEST(HostResults, AreRowsAndBatchesInTheirOrder) {
  HostResults results(4, 9);
  const std::vector<std::int32_t> atoms = {1, 5, 8};
  const std::vector<float> values = {0.1f, 0.2f, 0.3f};
  const std::vector<std::int64_t> offsets = {0, 2, 2};
  std::vector<RowReport> reports(2);
  reports[0].primal = 7;
  reports[1].primal = 8;
  results.accept_batch({0, offsets, std::span(atoms).first(2), std::span(values).first(2), reports});
  EXPECT_EQ(results.accepted(), 2);
  results.accept({2, 0, std::span(atoms).last(1), std::span(values).last(1), reports[1]});
  const std::vector<std::int64_t> whole = {0, 3};
  results.accept_batch({3, whole, atoms, values, std::span(reports).first(1)});
  EXPECT_EQ(results.accepted(), 4);
  const DecomposeResult result = results.finish();
  EXPECT_EQ(result.codes.row_offsets, (std::vector<std::int64_t>{0, 2, 2, 3, 6}));
  EXPECT_EQ(result.codes.atom_indices, (std::vector<std::int32_t>{1, 5, 8, 1, 5, 8}));
  EXPECT_EQ(result.codes.values, (std::vector<float>{0.1f, 0.2f, 0.3f, 0.1f, 0.2f, 0.3f}));
  ASSERT_EQ(result.reports.size(), 4u);
  EXPECT_EQ(result.reports[1].primal, 8);
  EXPECT_EQ(result.reports[2].primal, 8);
  EXPECT_EQ(result.reports[3].primal, 7);
}

}  // namespace
}  // namespace splice_cuda::testing

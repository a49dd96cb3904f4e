// Codes of more entries than one product of the library holds are multiplied in parts.

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cuda/device_array.hpp"
#include "device_dictionary.hpp"
#include "recompose_codes.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

using Engine = emulation::EmulatedDevice;

constexpr std::int64_t parts_rows = 12;
constexpr std::int64_t parts_atoms = 40;

/// Rows of 0 to 17 entries, two of them without any.
SparseCodes uneven_codes() {
  SparseCodes codes{.rows = parts_rows, .cols = parts_atoms, .row_offsets = {0}, .atom_indices = {}, .values = {}};
  for (const std::int32_t entries : {3, 0, 17, 1, 5, 5, 0, 2, 11, 4, 9, 6}) {
    for (std::int32_t e = 0; e < entries; ++e) {
      codes.atom_indices.push_back(2 * e + 1);
      codes.values.push_back(0.25f * static_cast<float>(e + 1) - 0.03f * static_cast<float>(codes.nnz()));
    }
    codes.row_offsets.push_back(codes.nnz());
  }
  return codes;
}

class RecomposeParts : public ::testing::Test {
 protected:
  const cuda::DeviceDictionary<Engine>& data() const {
    return static_cast<const cuda::DeviceDictionary<Engine>&>(dictionary.data());
  }
  /// Rows [first, first + count) on the host, in products of at most so many entries.
  std::vector<float> on_host(std::int64_t first, std::int64_t count, std::int64_t most) const {
    std::vector<float> out(static_cast<std::size_t>(count * ld), 7.0f);
    cuda::recompose_codes(*data().owner, data(), codes, first, count, {out.data(), count, sample.dim, ld}, most);
    return out;
  }

  SampleProblem sample = sample_problem(parts_atoms, 19, 1, 77);
  std::int64_t ld = sample.dim + 2;
  SparseCodes codes = uneven_codes();
  Context context{Device::cuda(0)};
  Dictionary dictionary{context, sample.atom_view()};
};

TEST_F(RecomposeParts, GiveTheSameRows) {
  for (const auto& [first, count] : {std::pair<std::int64_t, std::int64_t>{0, parts_rows}, {2, 7}, {1, 1}}) {
    const std::vector<float> whole = on_host(first, count, cuda::most_sparse_entries);
    for (const std::int64_t most : {1, 5, 10, 17, 20, 62, 63}) {
      EXPECT_EQ(on_host(first, count, most), whole) << first << ", " << count << " by " << most;
    }
  }
}

TEST_F(RecomposeParts, GiveTheSameRowsOnTheDevice) {
  const std::vector<float> whole = on_host(0, parts_rows, cuda::most_sparse_entries);
  const DeviceArray<float> there(std::vector<float>(whole.size(), 7.0f));
  cuda::recompose_codes(*data().owner, data(), codes, 0, parts_rows,
                        {there.get(), parts_rows, sample.dim, ld, Device::cuda(0)}, 20);
  EXPECT_EQ(std::vector<float>(there.get(), there.get() + whole.size()), whole);
}

TEST_F(RecomposeParts, AreAsLargeAsTheyMayBe) {
  const std::int64_t before = counters().sparse_products;
  on_host(0, parts_rows, cuda::most_sparse_entries);
  EXPECT_EQ(counters().sparse_products - before, 1);
  on_host(0, parts_rows, 20);  // 3 0 17 | 1 5 5 0 2 | 11 4 | 9 6
  EXPECT_EQ(counters().sparse_products - before, 1 + 4);
}

TEST(RowsWithEntries, AtTheLimitOf32Bits) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  SparseCodes codes;
  codes.row_offsets = {0, 5, most, most + 1, 2 * most + 1, 3 * most, 3 * most};
  codes.rows = 6;
  EXPECT_EQ(cuda::rows_with_entries(codes, 0, 6, most), 2) << "so many exactly";
  EXPECT_EQ(cuda::rows_with_entries(codes, 0, 1, most), 1);
  EXPECT_EQ(cuda::rows_with_entries(codes, 1, 5, most), 2) << "offsets count from the first row's";
  EXPECT_EQ(cuda::rows_with_entries(codes, 2, 4, most), 1);
  EXPECT_EQ(cuda::rows_with_entries(codes, 3, 3, most), 1);
  EXPECT_EQ(cuda::rows_with_entries(codes, 4, 2, most), 2) << "a row without entries goes along";
  EXPECT_EQ(cuda::rows_with_entries(codes, 4, 2, most - 2), 1) << "one row always goes";
}

}  // namespace
}  // namespace splice_cuda::testing

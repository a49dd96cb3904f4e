// Real sentences on the emulated device: as the CPU has them, and the same bits whatever the batch.

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "cuda/emulation/emulated_devices.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class RealSentences : public ::testing::Test {
 protected:
  static constexpr float l1_penalty = 0.25f;

  static const std::optional<SampleProblem>& sample() {
    static const std::optional<SampleProblem> all = real_problem(30, 60);
    return all;
  }
  static DecomposeResult solve(Device device, MatrixView<const float> rows, ContextOptions resources = {}) {
    const Context context(device, std::move(resources));
    DecomposeOptions options;
    options.l1_penalty = l1_penalty;
    return decompose(context, Dictionary(context, sample()->atom_view()), rows, options);
  }
  static DecomposeResult on_device(MatrixView<const float> rows, ContextOptions resources = {}) {
    return solve(Device::cuda(0), rows, std::move(resources));
  }
};

/// |C'w1 - C'w2|, in fp64.
double distance(const SampleProblem& sample, const SparseCodes& left, const SparseCodes& right, std::int64_t row) {
  std::vector<double> difference(static_cast<std::size_t>(sample.dim));
  const auto add = [&](const SparseCodes& codes, double sign) {
    for (std::size_t e = 0; e < codes.row_atoms(row).size(); ++e) {
      const float* atom = sample.atom_view().row(codes.row_atoms(row)[e]);
      for (std::size_t k = 0; k < difference.size(); ++k) {
        difference[k] += sign * static_cast<double>(codes.row_values(row)[e]) * static_cast<double>(atom[k]);
      }
    }
  };
  add(left, 1);
  add(right, -1);
  return std::sqrt(std::inner_product(difference.begin(), difference.end(), difference.begin(), 0.0));
}

/// Two results of the same rows that are within their gaps of the optimum are as near to each other as this.
std::string apart(const SampleProblem& sample, const DecomposeResult& left, const DecomposeResult& right) {
  for (std::int64_t i = 0; i < left.codes.rows; ++i) {
    const RowReport& l = left.reports[static_cast<std::size_t>(i)];
    const RowReport& r = right.reports[static_cast<std::size_t>(i)];
    const std::string row = "row " + std::to_string(i);
    if (l.status != RowStatus::certified || r.status != RowStatus::certified) return row + " is not certified";
    if (!(distance(sample, left.codes, right.codes, i) <= std::sqrt(2 * l.gap) + std::sqrt(2 * r.gap)))
      return row + ": C'w";
    if (!(std::abs(l.primal - r.primal) <= std::max(l.gap, r.gap))) return row + ": primal";
  }
  return {};
}

TEST_F(RealSentences, AgreeWithTheCpuWithinTheirGaps) {
  SPLICE_NEEDS_DATA("text15k");
  const DecomposeResult cpu = solve(Device::cpu(), sample()->view());
  DecomposeResult device = on_device(sample()->view());
  EXPECT_EQ(malformed(device.codes), "");
  EXPECT_EQ(apart(*sample(), cpu, device), "");
  // Certificates by brute force, of the CPU's: no larger than those of the device, but for the order of sums.
  DecomposeOptions options;
  options.l1_penalty = l1_penalty;
  const Context context;
  const Dictionary dictionary(context, sample()->atom_view());
  const std::vector<RowReport> reports = certify(context, dictionary, sample()->view(), device.codes, options);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].status, RowStatus::certified);
    EXPECT_LE(reports[i].gap, device.reports[i].gap + 1e-13);
    EXPECT_NEAR(reports[i].primal, device.reports[i].primal, 1e-13);
  }
  // The comparator: a weight that is off by a percent is noticed.
  ASSERT_GT(device.codes.nnz(), 0);
  *std::max_element(device.codes.values.begin(), device.codes.values.end()) *= 1.01f;
  EXPECT_NE(apart(*sample(), cpu, device), "");
}

TEST_F(RealSentences, SameBitsInEveryRun) {
  SPLICE_NEEDS_DATA("text15k");
  const DecomposeResult once = on_device(sample()->view());
  EXPECT_EQ(difference(once, on_device(sample()->view())), "");
  emulation::settings().order = emulation::LaneOrder::descending;
  EXPECT_EQ(difference(once, on_device(sample()->view())), "");
  emulation::settings() = {};
  EXPECT_EQ(difference(once, solve(Device::cuda(1), sample()->view())), "");
}

TEST_F(RealSentences, SameBitsInEveryTile) {
  SPLICE_NEEDS_DATA("text15k");
  const DecomposeResult whole = on_device(sample()->view());
  emulation::EmulatedDevice& device = *emulation::emulated_device(0);
  const auto tiles = [&] { return device.counters().launches_of.at("prepare_kernel"); };
  const std::int64_t before = tiles();
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, sample()->atom_view());
  const TileCost cost = context.backend().tile_cost(resolve_problem(context, dictionary, sample()->view(), {}));
  const DecomposeResult tight =
      on_device(sample()->view(), {.memory_limit_bytes = cost.bytes(25)});
  EXPECT_GT(tiles() - before, 1) << "the limit is no limit";
  EXPECT_EQ(difference(whole, tight), "");
}

TEST_F(RealSentences, SameBitsInEveryBatch) {
  SPLICE_NEEDS_DATA("text15k");
  const MatrixView<const float> rows = sample()->view();
  const DecomposeResult whole = on_device(rows);
  for (const std::int64_t part : {1, 7, 23}) {
    for (std::int64_t first = 0; first < (part == 1 ? 3 : 28); first += part) {
      const std::int64_t count = std::min(part, 28 - first);
      const DecomposeResult piece = on_device(rows.slice(first, count));
      for (std::int64_t i = 0; i < count; ++i) ASSERT_EQ(row_difference(whole, first + i, piece, i), "");
    }
  }
  std::vector<float> permuted;
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    const float* row = rows.row(i * 17 % rows.rows);  // 17 and 60 have no common divisor
    permuted.insert(permuted.end(), row, row + rows.cols);
  }
  const DecomposeResult other = on_device({permuted.data(), rows.rows, rows.cols});
  for (std::int64_t i = 0; i < rows.rows; ++i) ASSERT_EQ(row_difference(whole, i * 17 % rows.rows, other, i), "");
}

}  // namespace
}  // namespace splice_cuda::testing

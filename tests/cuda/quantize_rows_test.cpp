// The int8 copies of residuals: what is said of them is true, against long double.

#include <cmath>

#include "core/screen_math.hpp"
#include "cuda/kernel_problem.hpp"
#include "kernels/quantize_rows.hpp"
#include "support/bell_stream.hpp"

namespace splice_cuda::testing {
namespace {

class QuantizeRows : public WatchedKernels {
 protected:
  static constexpr float atom_norm = 1.25f;
  static constexpr double lambda = 0.3;

  /// One row of `dim` numbers of about `size`, as the residual of a round.
  void quantize(KernelRows& rows, std::int64_t dim, double size, std::int32_t level, cuda::RowPhase phase) {
    const auto ld = static_cast<std::int64_t>(rows.z.size());
    BellStream stream(static_cast<std::uint64_t>(dim));
    std::vector<float>& source = phase == cuda::RowPhase::first_pass ? rows.z : rows.r;
    for (std::int64_t k = 0; k < ld; ++k) source[at(k)] = k < dim ? static_cast<float>(stream.next() * size) : 0.0f;
    rows.phase[0] = phase;
    rows.lambda[0] = lambda;
    rows.rounds[0] = 4;
    rows.margin_level[0] = level;
    device.launch<cuda::QuantizeRowsKernel>(1, {ld, atom_norm, rows.view, rows.screen});
  }
};

TEST_F(QuantizeRows, WhatIsSaidOfTheCopyIsTrue) {
  for (const std::int64_t dim : {1, 3, 37, 64, 65, 384}) {
    for (const double size : {0.05, 1.0, 1e-12, 1e12}) {
      KernelRows rows(1, (dim + 63) / 64 * 64, 1, 1);
      quantize(rows, dim, size, 0, cuda::RowPhase::certifying);
      long double norm = 0;
      long double error = 0;
      float top = 0;
      for (std::size_t k = 0; k < rows.q.size(); ++k) {
        ASSERT_TRUE(std::abs(rows.q[k]) <= 127);
        ASSERT_TRUE(k < at(dim) || rows.q[k] == 0);
        const long double back = static_cast<long double>(rows.scale[0]) * rows.q[k];
        norm += back * back;
        error += (rows.r[k] - back) * (rows.r[k] - back);
        // To the nearest step: not cut off.
        EXPECT_LE(std::abs(rows.r[k] - back), 0.5001L * rows.scale[0]);
        top = std::max(top, std::abs(rows.r[k]));
      }
      EXPECT_EQ(rows.scale[0], top / 127.0f);
      EXPECT_GE(static_cast<long double>(rows.norm[0]), std::sqrt(norm));
      EXPECT_LE(static_cast<long double>(rows.norm[0]), std::sqrt(norm) * 1.000002L);
      EXPECT_EQ(rows.rounds[0], 5);
      EXPECT_EQ(rows.list_count[0], 0);
      const long double margin = std::hypot(0.12L * lambda, std::sqrt(error) * atom_norm);
      const long double threshold = lambda - margin;
      if (threshold > 0.02L * lambda) {
        EXPECT_NEAR(static_cast<double>(rows.threshold[0]), static_cast<double>(threshold), 1e-6 * lambda);
        EXPECT_GE(rows.unlisted_bound[0], rows.threshold[0]);
        EXPECT_LE(rows.unlisted_bound[0], rows.threshold[0] * 1.000002f);
        EXPECT_EQ(rows.phase[0], cuda::RowPhase::certifying);
      } else {  // a list of half of the dictionary is of no use
        EXPECT_EQ(rows.phase[0], cuda::RowPhase::exact);
        EXPECT_GE(rows.threshold[0], 1e38f);
      }
    }
  }
}

TEST_F(QuantizeRows, NarrowerMarginsByLevel) {
  float last = 0;
  for (const std::int32_t level : {0, 1, 2}) {
    KernelRows rows(1, 64, 1, 1);
    quantize(rows, 50, 0.05, level, cuda::RowPhase::certifying);
    EXPECT_GT(rows.threshold[0], last);
    EXPECT_LT(rows.threshold[0], static_cast<float>(lambda));
    EXPECT_EQ(rows.margin_level[0], level);
    last = rows.threshold[0];
  }
}

TEST_F(QuantizeRows, FirstPassesListByValuesAlone) {
  KernelRows rows(1, 64, 1, 1);
  quantize(rows, 50, 0.2, -9, cuda::RowPhase::first_pass);
  EXPECT_EQ(rows.norm[0], 0.0f);
  EXPECT_EQ(rows.threshold[0], static_cast<float>(lambda));
  EXPECT_EQ(rows.margin_level[0], 0);
  EXPECT_EQ(rows.phase[0], cuda::RowPhase::first_pass);
  EXPECT_EQ(rows.rounds[0], 5);
  rows.lambda[0] = 1e-3;
  device.launch<cuda::QuantizeRowsKernel>(1, {64, atom_norm, rows.view, rows.screen});
  EXPECT_FLOAT_EQ(rows.threshold[0], 0.08f * atom_norm);
}

TEST_F(QuantizeRows, ResidualsOfNothing) {
  for (const double size : {0.0, 1e-34}) {
    KernelRows rows(1, 64, 1, 1);
    quantize(rows, 50, size, 0, cuda::RowPhase::certifying);
    EXPECT_EQ(rows.scale[0], 0.0f);
    EXPECT_EQ(rows.norm[0], 0.0f);
    EXPECT_EQ(rows.q, std::vector<std::int8_t>(64, 0));
    EXPECT_EQ(rows.phase[0], cuda::RowPhase::certifying);
  }
}

TEST_F(QuantizeRows, ResidualsThatAreNoNumbers) {
  for (const float value : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    KernelRows rows(1, 64, 1, 1);
    quantize(rows, 50, 0.2, 0, cuda::RowPhase::certifying);
    rows.r[7] = value;
    device.launch<cuda::QuantizeRowsKernel>(1, {64, atom_norm, rows.view, rows.screen});
    EXPECT_EQ(rows.phase[0], cuda::RowPhase::exact);
  }
}

TEST_F(QuantizeRows, PlacesBeyondTheActiveOnesAreLeftAlone) {
  KernelRows rows(2, 64, 1, 1);
  std::fill(rows.r.begin(), rows.r.end(), 0.1f);
  std::fill(rows.phase.begin(), rows.phase.end(), cuda::RowPhase::certifying);
  std::fill(rows.lambda.begin(), rows.lambda.end(), 0.3);
  rows.margin_level = {0, 0};
  rows.active = {1, 0};  // the row at the first place is the second one
  rows.active_count[0] = 1;
  device.launch<cuda::QuantizeRowsKernel>(2, {64, atom_norm, rows.view, rows.screen});
  EXPECT_EQ(rows.q[0], 127);
  EXPECT_EQ(rows.q[64], -77);
  EXPECT_TRUE(std::isnan(rows.scale[0]));
  EXPECT_FALSE(std::isnan(rows.scale[1]));
}

}  // namespace
}  // namespace splice_cuda::testing

#include "cpu/quantize.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "cpu_problem.hpp"
#include "every_target.hpp"

namespace splice_cuda::cpu {
namespace {

struct Lost {
  double error = 0;
  double norm = 0;
  int sum = 0;
};

Lost measure(const std::vector<float>& r, const std::vector<std::int8_t>& q, float scale) {
  Lost lost;
  for (std::size_t k = 0; k < r.size(); ++k) {
    const double back = static_cast<double>(scale) * static_cast<double>(q[k]);
    lost.error += (static_cast<double>(r[k]) - back) * (static_cast<double>(r[k]) - back);
    lost.norm += back * back;
    lost.sum += q[k];
  }
  lost.error = std::sqrt(lost.error);
  lost.norm = std::sqrt(lost.norm);
  return lost;
}

TEST(Quantize, ErrorAndNormAreTrueUpperBoundsAndTight) {
  testing::for_every_target([] {
    for (const std::int64_t size : {64, 128, 384, 1024}) {
      const std::vector<float> r = testing::random_row(size, size, static_cast<unsigned>(size));
      std::vector<std::int8_t> q(r.size());
      const QuantizedRow row = quantize_row(r.data(), size, q.data());
      const Lost lost = measure(r, q, row.scale);
      EXPECT_GE(static_cast<double>(row.error), lost.error);
      EXPECT_LE(static_cast<double>(row.error), lost.error * 1.01);
      EXPECT_GE(static_cast<double>(row.norm), lost.norm);
      EXPECT_LE(static_cast<double>(row.norm), lost.norm * 1.001);
      EXPECT_EQ(row.sum, lost.sum);
    }
  });
}

TEST(Quantize, ZeroAndVanishingRowsLoseEverythingAndSaySo) {
  std::vector<std::int8_t> q(64, 7);
  std::vector<float> r(64, 0.0f);
  EXPECT_EQ(quantize_row(r.data(), 64, q.data()).scale, 0.0f);
  r[5] = 1e-38f;
  const QuantizedRow row = quantize_row(r.data(), 64, q.data());
  EXPECT_EQ(row.scale, 0.0f);
  EXPECT_GE(row.error, 1e-38f);
  for (const std::int8_t value : q) EXPECT_EQ(value, 0);
}

TEST(Quantize, LargestEntryUsesTheWholeRange) {
  std::vector<float> r(64, 0.0f);
  r[3] = -2.0f;
  std::vector<std::int8_t> q(64);
  quantize_row(r.data(), 64, q.data());
  EXPECT_EQ(q[3], -127);
}

}  // namespace
}  // namespace splice_cuda::cpu

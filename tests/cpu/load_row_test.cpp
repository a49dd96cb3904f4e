#include "cpu/load_row.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace splice_cuda::cpu {
namespace {

LoadedRow load(const std::vector<float>& row, std::vector<float>& z) {
  const MatrixView<const float> view{row.data(), 1, static_cast<std::int64_t>(row.size())};
  return load_row(view, 0, z.data(), static_cast<std::int64_t>(z.size()));
}

TEST(LoadRow, ScalesByAPowerOfTwoExactly) {
  for (const float size : {1e-30f, 1e-6f, 1.0f, 3.0f, 1e20f}) {
    const std::vector<float> row = {0.3f * size, -0.7f * size, 0.1f * size};
    std::vector<float> z(64, NAN);
    const LoadedRow loaded = load(row, z);
    EXPECT_EQ(loaded.kind, RowKind::regular);
    EXPECT_GE(loaded.z_dot_z, 1.0);
    EXPECT_LT(loaded.z_dot_z, 4.0);
    for (std::size_t k = 0; k < row.size(); ++k) {
      EXPECT_EQ(std::ldexp(z[k], -loaded.exponent), row[k]);
    }
    for (std::size_t k = row.size(); k < z.size(); ++k) EXPECT_EQ(z[k], 0.0f);
  }
}

TEST(LoadRow, TellsZeroAndNonFiniteRows) {
  std::vector<float> z(64);
  EXPECT_EQ(load({0.0f, -0.0f}, z).kind, RowKind::zero);
  EXPECT_EQ(load({1.0f, std::numeric_limits<float>::quiet_NaN()}, z).kind, RowKind::non_finite);
  EXPECT_EQ(load({-std::numeric_limits<float>::infinity(), 1.0f}, z).kind, RowKind::non_finite);
  for (const float value : z) EXPECT_EQ(value, 0.0f);
}

TEST(LoadRow, ReadsHalfPrecisionWithLeadingDimension) {
  const std::vector<Float16> half = {{0x7e00}, {0x7e00}, {0x7e00}, {0x3c00}, {0xc000}, {0x7e00}};
  std::vector<float> z(64);
  const MatrixView<const Float16> view{half.data(), 2, 2, 3};
  const LoadedRow loaded = load_row(view, 1, z.data(), 64);
  EXPECT_EQ(std::ldexp(z[0], -loaded.exponent), 1.0f);
  EXPECT_EQ(std::ldexp(z[1], -loaded.exponent), -2.0f);
}

TEST(LoadRow, ReadsRowsThatAreNotAlignedToTheirElements) {
  const std::vector<float> values = {0.25f, -1.5f, 3.0f, 0.125f};
  std::vector<unsigned char> bytes(sizeof(float) * values.size() + 1);
  std::memcpy(bytes.data() + 1, values.data(), sizeof(float) * values.size());
  const TypedMatrixView askew(bytes.data() + 1, DType::float32, 2, 2, 2);
  std::vector<float> z(64);
  const LoadedRow loaded = load_row(askew, 1, z.data(), 64);
  EXPECT_EQ(std::ldexp(z[0], -loaded.exponent), 3.0f);
  EXPECT_EQ(std::ldexp(z[1], -loaded.exponent), 0.125f);
}

}  // namespace
}  // namespace splice_cuda::cpu

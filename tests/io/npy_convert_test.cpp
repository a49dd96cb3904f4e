#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "io/npy.hpp"
#include "npy_bytes.hpp"
#include "scratch_folder.hpp"

namespace splice_cuda::io {
namespace {

using testing::npy_bytes;
using testing::npy_dict;
using testing::raw_bytes;

/// Value of binary16 bits by the standard's definition, in fp64.
double half_value(unsigned bits) {
  const double sign = (bits & 0x8000u) != 0 ? -1.0 : 1.0;
  const int exponent = static_cast<int>(bits >> 10 & 0x1f);
  const double mantissa = static_cast<double>(bits & 0x3ff);
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

FloatArray through_a_file(const std::string& bytes) {
  const testing::ScratchFolder folder;
  return read_npy_float32(folder.write("x.npy", bytes));
}

TEST(NpyConvert, EveryHalfPrecisionValueIsExact) {
  std::vector<std::uint16_t> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  const FloatArray array = through_a_file(npy_bytes(npy_dict("<f2", "(256, 256)"), raw_bytes(all)));
  ASSERT_EQ(array.values.size(), all.size());
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const double expected = half_value(bits);
    const float value = array.values[bits];
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value)) << bits;
    } else {
      EXPECT_EQ(static_cast<double>(value), expected) << bits;
      EXPECT_EQ(std::signbit(value), (bits & 0x8000u) != 0) << bits;
    }
  }
}

TEST(NpyConvert, SinglePrecisionKeepsEveryBit) {
  std::vector<std::uint32_t> bits = {0, 0x80000000u, 1, 0x007fffffu, 0x00800000u, 0x7f7fffffu, 0x7f800000u,
                                     0xff800000u, 0x7fc12345u, 0x7f800001u, 0x3f800001u};
  const FloatArray array = through_a_file(npy_bytes(npy_dict("<f4", "(11, 1)"), raw_bytes(bits)));
  ASSERT_EQ(array.values.size(), bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i) EXPECT_EQ(std::bit_cast<std::uint32_t>(array.values[i]), bits[i]);
}

TEST(NpyConvert, DoublePrecisionRoundsToNearest) {
  const std::vector<double> wide = {0.1, 1.0 + 0x1p-24, 1.0 + 0x1.8p-23, -0.0, 0x1p-149, 0x1p-151, 0x1.8p-149,
                                    1e300, -1e300, INFINITY, NAN};
  const FloatArray array = through_a_file(npy_bytes(npy_dict("<f8", "(11,)"), raw_bytes(wide)));
  ASSERT_EQ(array.values.size(), wide.size());
  const std::vector<float> expected = {0.1f, 1.0f, 1.0f + 0x1p-22f, -0.0f, 0x1p-149f, 0.0f, 0x1p-148f,
                                       INFINITY, -INFINITY, INFINITY};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(array.values[i]), std::bit_cast<std::uint32_t>(expected[i])) << i;
  }
  EXPECT_TRUE(std::isnan(array.values.back()));
}

TEST(NpyConvert, DataNeedNotBeAligned) {
  for (std::size_t shift = 0; shift < 8; ++shift) {
    for (const char* descr : {"<f2", "<f4", "<f8"}) {
      // 1.0 three times, in the element's own size.
      std::string one = descr[2] == '2' ? raw_bytes<std::uint16_t>({0x3c00}) : descr[2] == '4' ? raw_bytes<float>({1})
                                                                                            : raw_bytes<double>({1});
      const std::string file = std::string(shift, ' ') + npy_bytes(npy_dict(descr, "(3,)"), one + one + one);
      const NpyArray array = parse_npy(testing::as_span(file).subspan(shift), "x.npy");
      EXPECT_EQ(to_float32(array, "x.npy"), std::vector<float>(3, 1.0f)) << descr << " shifted by " << shift;
    }
  }
}

TEST(NpyConvert, EmptyArraysHaveShapesToo) {
  const FloatArray array = through_a_file(npy_bytes(npy_dict("<f4", "(0, 5)"), ""));
  EXPECT_EQ(array.shape, (std::vector<std::int64_t>{0, 5}));
  EXPECT_TRUE(array.values.empty());
}

}  // namespace
}  // namespace splice_cuda::io

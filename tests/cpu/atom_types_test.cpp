// Atoms in 16 bits and atoms read in place: what the kernels see of them.

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/row_products.hpp"
#include "cpu_problem.hpp"
#include "every_target.hpp"
#include "splice_cuda/error.hpp"
#include "support/half_atoms.hpp"

namespace splice_cuda::cpu {
namespace {

using testing::all_rounded_to;
using testing::widened;

template <class T>
class HalfAtoms : public ::testing::Test {};
using HalfTypes = ::testing::Types<Float16, BFloat16>;
TYPED_TEST_SUITE(HalfAtoms, HalfTypes);

template <class T>
bool same(const AlignedArray<T>& a, const AlignedArray<T>& b, std::size_t count) {
  return std::memcmp(a.get(), b.get(), count * sizeof(T)) == 0;
}

/// Everything that screening reads.
void expect_same_screening(const CpuDictionary& a, const CpuDictionary& b) {
  const auto padded = static_cast<std::size_t>(a.panels * panel_atoms + 1);
  EXPECT_EQ(a.panels, b.panels);
  EXPECT_TRUE(same(a.rows8, b.rows8, padded * static_cast<std::size_t>(a.ld)));
  EXPECT_TRUE(same(a.panels8, b.panels8, padded * static_cast<std::size_t>(a.ld)));
  EXPECT_TRUE(same(a.scale, b.scale, padded));
  EXPECT_TRUE(same(a.error, b.error, padded));
  EXPECT_TRUE(same(a.norm, b.norm, padded));
  EXPECT_TRUE(same(a.row_sum, b.row_sum, padded));
  EXPECT_EQ(a.first_equal, b.first_equal);
}

/// All 2^16 patterns but NaN and the infinities: subnormals, both zeros, the largest.
TYPED_TEST(HalfAtoms, EveryFiniteNumberIsLoadedExactly) {
  constexpr std::int64_t dim = 64;
  std::vector<TypeParam> values;
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const TypeParam value{static_cast<std::uint16_t>(bits)};
    values.push_back(std::isfinite(to_float(value)) ? value : TypeParam{0});
  }
  const auto dictionary = make_cpu_dictionary({MatrixView<const TypeParam>{values.data(), 65536 / dim, dim}});
  const std::vector<float> zero(dim, 0.0f);
  testing::for_every_target([&] {
    for (std::int32_t j = 0; j < 65536 / dim; ++j) {
      std::vector<float> r(dim);
      std::vector<double> wide(dim);
      const float minus = -1;
      const double wide_minus = -1;
      residual(*dictionary, zero.data(), &j, &minus, 1, r.data());
      residual_f64(*dictionary, zero.data(), &j, &wide_minus, 1, wide.data());
      for (std::size_t k = 0; k < dim; ++k) {
        const float exact = to_float(values[static_cast<std::size_t>(j) * dim + k]);
        ASSERT_EQ(r[k], exact) << j << " " << k;
        ASSERT_EQ(wide[k], static_cast<double>(exact)) << j << " " << k;
      }
    }
  });
}

TYPED_TEST(HalfAtoms, EveryKernelGivesWhatFloat32AtomsGive) {
  for (const std::int64_t dim : {1, 65, 384}) {
    const auto half = all_rounded_to<TypeParam>(testing::gaussian(static_cast<std::size_t>(37 * dim), 21));
    const std::vector<float> wide = widened(half);
    const auto narrow_atoms = make_cpu_dictionary({MatrixView<const TypeParam>{half.data(), 37, dim}});
    const auto wide_atoms = make_cpu_dictionary({MatrixView<const float>{wide.data(), 37, dim}});
    expect_same_screening(*narrow_atoms, *wide_atoms);
    const std::vector<float> v = testing::random_row(dim, wide_atoms->ld, 22);
    const std::vector<double> v64(v.begin(), v.end());
    std::vector<std::int32_t> atoms = {0, 36, 5, 7, 11};
    testing::for_every_target([&] {
      const auto all = [&](const CpuDictionary& dictionary) {
        std::vector<float> out(15 + v.size());
        std::vector<double> out64(5 + v.size());
        const std::vector<float> weights = {0.5f, -1, 2, 0.25f, 3};
        const std::vector<double> weights64(weights.begin(), weights.end());
        dot_atoms(dictionary, atoms.data(), 5, v.data(), out.data());
        dot_atoms_twice(dictionary, atoms.data(), 5, v.data(), v.data(), out.data() + 5, out.data() + 10);
        residual(dictionary, v.data(), atoms.data(), weights.data(), 5, out.data() + 15);
        dot_atoms_f64(dictionary, atoms.data(), 5, v64.data(), out64.data());
        residual_f64(dictionary, v.data(), atoms.data(), weights64.data(), 5, out64.data() + 5);
        std::vector<double> together(out.begin(), out.end());
        together.insert(together.end(), out64.begin(), out64.end());
        return together;
      };
      EXPECT_EQ(all(*narrow_atoms), all(*wide_atoms));
    });
  }
}

/// The formula, element by element, which the vectors have to give on every instruction set.
TEST(QuantizeAtom, EqualsThePlainFormulaOnEveryTarget) {
  for (const std::int64_t dim : {1, 3, 64, 100, 512}) {
    std::vector<float> values = testing::gaussian(static_cast<std::size_t>(70 * dim), 23);
    for (std::int64_t k = 0; k < dim; ++k) {
      values[static_cast<std::size_t>(k)] = 0;                 // no scale
      values[static_cast<std::size_t>(dim + k)] *= 1e-44f;     // a subnormal scale
      values[static_cast<std::size_t>(2 * dim + k)] *= 1e37f;  // squares beyond float
      values[static_cast<std::size_t>(3 * dim + k)] = static_cast<float>(k % 255 - 127) / 2;  // ties
    }
    testing::for_every_target([&] {
      const auto dictionary = make_cpu_dictionary({MatrixView<const float>{values.data(), 70, dim}});
      for (std::int64_t j = 0; j < 70; ++j) {
        const float* atom = values.data() + j * dim;
        float largest = 0;
        for (std::int64_t k = 0; k < dim; ++k) largest = std::max(largest, std::abs(atom[k]));
        const float scale = largest / 127.0f;
        double error = 0;
        double norm = 0;
        std::int32_t sum = 0;
        ASSERT_EQ(dictionary->scale[static_cast<std::size_t>(j)], scale);
        for (std::int64_t k = 0; k < dictionary->ld; ++k) {
          const double value = k < dim ? static_cast<double>(atom[k]) : 0;
          const double inverse = scale > 0 ? 1.0 / static_cast<double>(scale) : 0;
          const double level = std::clamp(std::nearbyint(value * inverse), -127.0, 127.0);
          ASSERT_EQ(dictionary->atom8(j)[k], static_cast<std::int8_t>(level)) << j << " " << k;
          error += std::pow(value - static_cast<double>(scale) * level, 2);
          norm += value * value;
          sum += static_cast<std::int32_t>(level);
          const std::int64_t at = (j / panel_atoms) * panel_atoms * dictionary->ld +
                                  (k / 4) * 4 * panel_atoms + (j % panel_atoms) * 4 + k % 4;
          ASSERT_EQ(dictionary->panels8[static_cast<std::size_t>(at)], static_cast<int>(level) + 128);
        }
        const auto i = static_cast<std::size_t>(j);
        EXPECT_EQ(dictionary->row_sum[i], sum);
        EXPECT_GE(static_cast<double>(dictionary->error[i]), std::sqrt(error));
        EXPECT_LE(static_cast<double>(dictionary->error[i]), std::sqrt(error) * (1 + 2e-6) + 2e-45);
        EXPECT_GE(static_cast<double>(dictionary->norm[i]), std::sqrt(norm));
        EXPECT_LE(static_cast<double>(dictionary->norm[i]), std::sqrt(norm) * (1 + 2e-6) + 2e-45);
      }
    });
  }
}

TEST(QuantizeAtom, IsBitwiseTheSameOnEveryTargetAndForAnyThreads) {
  const std::vector<float> values = testing::gaussian(1500 * 100, 24);
  const AtomSource source{MatrixView<const float>{values.data(), 1500, 100}};
  const auto reference = make_cpu_dictionary(source, 1);
  for (const int threads : {2, 3, 16})
    expect_same_screening(*make_cpu_dictionary(source, threads), *reference);
  testing::for_every_target([&] { expect_same_screening(*make_cpu_dictionary(source, 1), *reference); });
}

TEST(AtomsInPlace, AreReadWhereTheyAre) {
  const auto values = std::make_shared<std::vector<float>>(testing::gaussian(40 * 130, 25));
  const MatrixView<const float> given{values->data(), 40, 128,
                                      130};  // two numbers between rows that no one reads
  const auto viewed = make_cpu_dictionary({given, true, values});
  const auto copied = make_cpu_dictionary({given});
  EXPECT_TRUE(viewed->in_place);
  EXPECT_EQ(viewed->atom<float>(3), given.row(3));
  EXPECT_EQ(values.use_count(), 2) << "the dictionary keeps its atoms alive";
  EXPECT_FALSE(copied->in_place);
  expect_same_screening(*viewed, *copied);
}

TEST(AtomsInPlace, AreCopiedWhereKernelsCouldNotReadThem) {
  std::vector<float> values = testing::gaussian(40 * 100 + 1, 26);
  EXPECT_FALSE(make_cpu_dictionary({MatrixView<const float>{values.data(), 40, 100}, true})->in_place)
      << "d is not padded";
  std::vector<unsigned char> bytes(2 * 64 * 4 + 1, 0);
  const TypedMatrixView askew(bytes.data() + 1, DType::float32, 2, 64, 64);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % 4, 0u);
  EXPECT_FALSE(make_cpu_dictionary({askew, true})->in_place);
  const TypedMatrixView half(bytes.data() + 2, DType::float16, 2, 64, 64);
  EXPECT_TRUE(make_cpu_dictionary({half, true})->in_place) << "aligned to its own elements";
}

TEST(AtomsInPlace, NegativeZerosChangeNothing) {
  std::vector<float> values = testing::gaussian(3 * 64, 27);
  for (std::size_t k = 0; k < 64; ++k) values[2 * 64 + k] = values[64 + k];
  values[64] = 0.0f;
  values[2 * 64] = -0.0f;
  const MatrixView<const float> given{values.data(), 3, 64};
  const auto viewed = make_cpu_dictionary({given, true});
  EXPECT_EQ(viewed->first_equal, (std::vector<std::int32_t>{0, 1, 1})) << "-0 equals 0";
  expect_same_screening(*viewed, *make_cpu_dictionary({given}));
}

}  // namespace
}  // namespace splice_cuda::cpu

// reconstruction = W C against plain loops, on every target.

#include "cpu/recompose.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/cpu_problem.hpp"
#include "cpu/every_target.hpp"
#include "splice_cuda/splice_cuda.hpp"

namespace splice_cuda::cpu {
namespace {

/// Row i has i entries: from none to all atoms.
SparseCodes growing_codes(std::int64_t atoms) {
  SparseCodes codes{.rows = atoms + 1, .cols = atoms, .row_offsets = {0}, .atom_indices = {}, .values = {}};
  const std::vector<float> values = testing::gaussian(static_cast<std::size_t>(atoms), 3);
  for (std::int64_t i = 0; i <= atoms; ++i) {
    for (std::int64_t j = atoms - i; j < atoms; ++j) {
      codes.atom_indices.push_back(static_cast<std::int32_t>(j));
      codes.values.push_back(values[static_cast<std::size_t>(j)]);
    }
    codes.row_offsets.push_back(codes.nnz());
  }
  return codes;
}

class Recompose : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t>> {};

TEST_P(Recompose, EqualsPlainLoopsRoundedOnce) {
  const auto [atoms, dim] = GetParam();
  const auto dictionary = testing::random_dictionary(atoms, dim, 1);
  const SparseCodes codes = growing_codes(atoms);
  testing::for_every_target([&, atoms = atoms, dim = dim] {
    const std::int64_t ld = dim + 3;
    std::vector<float> out(static_cast<std::size_t>(codes.rows * ld), -7.0f);
    recompose_rows(*dictionary, codes, 0, codes.rows, {out.data(), codes.rows, dim, ld});
    for (std::int64_t i = 0; i < codes.rows; ++i) {
      for (std::int64_t k = 0; k < ld; ++k) {
        const float given = out[static_cast<std::size_t>(i * ld + k)];
        if (k >= dim) {
          ASSERT_EQ(given, -7.0f) << "written behind the columns";
          continue;
        }
        double sum = 0;
        for (std::int64_t e = 0; e < codes.l0(i); ++e) {
          sum += static_cast<double>(codes.row_values(i)[static_cast<std::size_t>(e)]) *
                 static_cast<double>(dictionary->atom<float>(codes.row_atoms(i)[static_cast<std::size_t>(e)])[k]);
        }
        ASSERT_NEAR(static_cast<double>(given), sum, 6e-8 * (std::abs(sum) + 1e-6)) << "row " << i << ", column " << k;
        ASSERT_FALSE(codes.l0(i) == 0 && std::signbit(given));
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, Recompose,
                         ::testing::Combine(::testing::Values(1, 9, 40), ::testing::Values(1, 31, 64, 65)));

/// More rows than one worker takes at once, and the number of threads does not show.
TEST(RecomposeCall, IsTheSameFromAnyNumberOfThreads) {
  const std::vector<float> atoms = testing::gaussian(50 * 20, 5);
  SparseCodes codes{.rows = 1000, .cols = 50, .row_offsets = {0}, .atom_indices = {}, .values = {}};
  for (std::int32_t i = 0; i < 1000; ++i) {
    codes.atom_indices.push_back(i % 50);
    codes.values.push_back(static_cast<float>(i));
    codes.row_offsets.push_back(codes.nnz());
  }
  for (const int threads : {1, 2, 3}) {
    const Context context(Device::cpu(), {.threads = threads});
    const Dictionary dictionary(context, MatrixView<const float>{atoms.data(), 50, 20});
    std::vector<float> out(1000 * 20);
    recompose(context, dictionary, codes, {out.data(), 1000, 20});
    for (std::size_t i = 0; i < 1000; ++i) {
      for (std::size_t k = 0; k < 20; ++k) ASSERT_EQ(out[i * 20 + k], static_cast<float>(i) * atoms[i % 50 * 20 + k]);
    }
  }
}

}  // namespace
}  // namespace splice_cuda::cpu

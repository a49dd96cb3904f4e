// Products of rows with the whole dictionary, against plain loops in fp64, on every target.

#include "cpu/dense_products.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/cpu_problem.hpp"
#include "cpu/every_target.hpp"

namespace splice_cuda::cpu {
namespace {

class DenseProducts : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t, std::size_t>> {
 protected:
  std::int64_t atoms = std::get<0>(GetParam());
  std::int64_t dim = std::get<1>(GetParam());
  std::size_t rows = std::get<2>(GetParam());
  std::shared_ptr<const CpuDictionary> dictionary = testing::random_dictionary(atoms, dim, 31);
};

/// Rows of `size` numbers each, all `first` to begin with, and their addresses.
struct Rows {
  Rows(std::size_t rows, std::int64_t size, float first = NAN) {
    for (std::size_t i = 0; i < rows; ++i) {
      values.emplace_back(static_cast<std::size_t>(size), first);
      places.push_back(values.back().data());
    }
  }
  /// Random numbers in the first `count` places of each row.
  void fill(std::int64_t count, unsigned seed) {
    for (float* row : places) {
      const std::vector<float> random = testing::random_row(count, count, seed++);
      std::copy(random.begin(), random.end(), row);
    }
  }
  std::vector<const float*> constant() const { return {places.begin(), places.end()}; }
  std::vector<std::vector<float>> values;
  std::vector<float*> places;
};

TEST_P(DenseProducts, CorrelationsEqualPlainLoops) {
  Rows input(rows, dictionary->ld, 0.0f);  // zeros behind the columns
  input.fill(dim, 40);
  testing::for_every_target([&] {
    Rows out(rows, atoms);
    correlate_rows(*dictionary, input.constant(), out.places);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < atoms; ++j) {
        const double exact = testing::dot(dictionary->atom<float>(j), input.places[i], dim);
        ASSERT_NEAR(static_cast<double>(out.places[i][j]), exact, 2e-6 * std::sqrt(static_cast<double>(dim)));
      }
    }
  });
}

TEST_P(DenseProducts, CombinationsEqualPlainLoops) {
  Rows weights(rows, atoms);
  weights.fill(atoms, 50);
  testing::for_every_target([&] {
    Rows out(rows, dictionary->ld);
    combine_atoms(*dictionary, weights.constant(), out.places);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::int64_t k = 0; k < dictionary->ld; ++k) {
        double exact = 0;
        for (std::int64_t j = 0; j < atoms; ++j) {
          exact += static_cast<double>(weights.places[i][j]) * static_cast<double>(dictionary->atom<float>(j)[k]);
        }
        ASSERT_NEAR(static_cast<double>(out.places[i][k]), exact, 2e-6 * std::sqrt(static_cast<double>(atoms)));
      }
    }
  });
}

/// The place in the tile plays no part, bit by bit.
TEST_P(DenseProducts, ARowAloneGivesTheSameBits) {
  Rows input(rows, dictionary->ld, 0.0f);  // zeros behind the columns
  input.fill(dim, 60);
  testing::for_every_target([&] {
    Rows together(rows, atoms);
    Rows alone(1, atoms);
    correlate_rows(*dictionary, input.constant(), together.places);
    for (std::size_t i = 0; i < rows; ++i) {
      const float* row = input.places[i];
      correlate_rows(*dictionary, {&row, 1}, alone.places);
      ASSERT_EQ(alone.values[0], together.values[i]);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Awkward, DenseProducts,
                         ::testing::Combine(::testing::Values(1, 31, 33, 130, 257), ::testing::Values(1, 63, 64, 65, 200),
                                            ::testing::Values(1, 4, 5)));

}  // namespace
}  // namespace splice_cuda::cpu

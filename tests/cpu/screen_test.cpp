#include "cpu/screen.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "every_target.hpp"
#include "screen_problem.hpp"

namespace splice_cuda::cpu {
namespace {

using testing::Scales;
using testing::ScreenedList;
using testing::Tile;

/// What the kernel must emit, by plain integer arithmetic.
std::vector<std::int32_t> expected_atoms(const CpuDictionary& dictionary, const Scales& scales,
                                         const Tile& tile, std::size_t i, bool both_signs) {
  std::vector<std::int32_t> atoms;
  for (std::int64_t j = 0; j < dictionary.size; ++j) {
    std::int32_t sum = 0;
    for (std::int64_t k = 0; k < dictionary.ld; ++k) {
      sum += dictionary.atom8(j)[k] * tile.codes[i][static_cast<std::size_t>(k)];
    }
    const float value = static_cast<float>(sum) * scales.weight[static_cast<std::size_t>(j)];
    const float error = scales.error[static_cast<std::size_t>(j)] * tile.screen_rows[i].scaled_norm;
    if ((both_signs ? std::abs(value) : value) + error > tile.screen_rows[i].scaled_threshold) {
      atoms.push_back(static_cast<std::int32_t>(j));
    }
  }
  return atoms;
}

class ScreenShapes : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t, std::int64_t>> {};

TEST_P(ScreenShapes, ListsEqualPlainIntegerArithmeticOnEveryTarget) {
  const auto [atoms, dim, rows] = GetParam();
  const auto dictionary = testing::random_dictionary(atoms, dim, 1);
  Scales scales(*dictionary);
  scales.ban(0);
  for (const bool both_signs : {false, true}) {
    for (const bool bounded : {false, true}) {
      testing::for_every_target([&, rows = rows] {
        Tile tile(*dictionary, rows, dictionary->size, 0.8f);
        if (bounded) tile.bound();
        tile.screen(*dictionary, scales.view(), both_signs);
        for (std::size_t i = 0; i < tile.lists.size(); ++i) {
          const ScreenedList& list = tile.lists[i];
          const auto expected = expected_atoms(*dictionary, scales, tile, i, both_signs);
          ASSERT_EQ(list.list.count, static_cast<std::int64_t>(expected.size()));
          for (std::size_t e = 0; e < expected.size(); ++e) EXPECT_EQ(list.atoms[e], expected[e]);
        }
      });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Awkward, ScreenShapes,
                         ::testing::Combine(::testing::Values(1, 31, 32, 33, 257),
                                            ::testing::Values(1, 63, 64, 65, 384),
                                            ::testing::Values(0, 1, 7, 8, 9, 16, 17, 33, 64)));

TEST(Screen, CountsWhatDoesNotFitAndKeepsTheFirst) {
  const auto dictionary = testing::random_dictionary(200, 64, 2);
  const Scales scales(*dictionary);
  testing::for_every_target([&] {
    Tile full(*dictionary, 1, 200, 1e-3f);
    Tile small(*dictionary, 1, 17, 1e-3f);
    full.screen(*dictionary, scales.view(), false);
    small.screen(*dictionary, scales.view(), false);
    ASSERT_GT(full.lists[0].list.count, 17);
    EXPECT_EQ(small.lists[0].list.count, full.lists[0].list.count);
    for (std::size_t i = 0; i < 17; ++i) EXPECT_EQ(small.lists[0].atoms[i], full.lists[0].atoms[i]);
  });
}

/// The largest excess of a true correlation over its screened bound; `share` scales the claimed errors.
double worst_excess(const CpuDictionary& dictionary, const Tile& tile, double share) {
  double worst = -1e9;
  for (std::size_t i = 0; i < tile.lists.size(); ++i) {
    const QuantizedRow& q = tile.quantized[i];
    std::vector<double> back(static_cast<std::size_t>(dictionary.ld));
    for (std::size_t k = 0; k < back.size(); ++k) {
      back[k] = static_cast<double>(q.scale) * static_cast<double>(tile.codes[i][k]);
    }
    for (std::int64_t e = 0; e < tile.lists[i].list.count; ++e) {
      const std::int32_t j = tile.lists[i].atoms[static_cast<std::size_t>(e)];
      double exact = 0;
      for (std::int64_t k = 0; k < dictionary.dim; ++k) {
        exact += static_cast<double>(dictionary.atom<float>(j)[k]) * back[static_cast<std::size_t>(k)];
      }
      const double error = static_cast<double>(dictionary.error[static_cast<std::size_t>(j)]) *
                           static_cast<double>(q.norm);
      const double value = static_cast<double>(tile.lists[i].values[static_cast<std::size_t>(e)]);
      worst = std::max(worst, exact - (value + share * error + 1e-6 * static_cast<double>(q.norm)));
    }
  }
  return worst;
}

TEST(Screen, BoundsHoldAndWouldNotWithTheErrorLeftOut) {
  const auto dictionary = testing::random_dictionary(2000, 384, 3);
  const Scales scales(*dictionary);
  Tile tile(*dictionary, 8, 2000, 1e-3f);
  tile.screen(*dictionary, scales.view(), false);
  EXPECT_LE(worst_excess(*dictionary, tile, 1.0), 0.0);
  EXPECT_GT(worst_excess(*dictionary, tile, 0.0), 0.0) << "the test would not notice a missing error term";
}

}  // namespace
}  // namespace splice_cuda::cpu

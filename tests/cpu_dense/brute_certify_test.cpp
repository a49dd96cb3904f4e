// Brute-force certificates against plain fp64 loops of the formulas in design.md, on every target.

#include "cpu/brute_certify.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/half.hpp"
#include "cpu/cpu_problem.hpp"
#include "cpu/every_target.hpp"
#include "dense_problem.hpp"

namespace splice_cuda::cpu {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// A problem with codes that are far from optimal, near it, and empty.
struct Case {
  Case(std::int64_t atoms, std::int64_t dim, std::int64_t rows, bool nonnegative) {
    dictionary = testing::random_dictionary(atoms, dim, 11);
    std::vector<float> weights;
    for (std::int64_t j = 0; j < atoms; ++j) weights.push_back(0.7f + 0.1f * static_cast<float>(j % 9));
    problem = testing::dense_problem(*dictionary, weights);
    problem.nonnegative = nonnegative;
    embeddings = testing::gaussian(static_cast<std::size_t>(rows * dim), 12);
    problem.embeddings = MatrixView<const float>{embeddings.data(), rows, dim};
    codes = {.rows = rows, .cols = atoms, .row_offsets = {0}, .atom_indices = {}, .values = {}};
    const std::vector<float> values = testing::gaussian(static_cast<std::size_t>(atoms), 13);
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = i % 3; i % 4 != 3 && j < atoms; j += 3 + i) {
        const float value = 0.2f * values[static_cast<std::size_t>(j)];
        codes.atom_indices.push_back(static_cast<std::int32_t>(j));
        codes.values.push_back(nonnegative ? std::abs(value) : value);
      }
      codes.row_offsets.push_back(codes.nnz());
    }
  }
  std::vector<RowReport> certify(std::int64_t first, std::int64_t count) const {
    std::vector<RowReport> reports(static_cast<std::size_t>(count));
    certify_brute_force(*dictionary, problem, codes, first, reports);
    return reports;
  }

  std::shared_ptr<const CpuDictionary> dictionary;
  Problem problem;
  std::vector<float> embeddings;
  SparseCodes codes;
};

/// P, D, gap and violation by the book.
RowReport plain(const Case& c, std::int64_t row) {
  const std::int64_t dim = c.dictionary->dim;
  const double lambda = c.problem.lambda(row);
  std::vector<double> r(c.embeddings.begin() + row * dim, c.embeddings.begin() + (row + 1) * dim);
  const std::vector<double> z = r;
  double l1 = 0;
  const auto atoms = c.codes.row_atoms(row);
  const auto values = c.codes.row_values(row);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const double w = static_cast<double>(values[i]);
    l1 += std::abs(w) / c.problem.inverse_weights[static_cast<std::size_t>(atoms[i])];
    for (std::size_t k = 0; k < r.size(); ++k) r[k] -= w * static_cast<double>(c.dictionary->atom<float>(atoms[i])[k]);
  }
  double zr = 0, rr = 0;
  for (std::size_t k = 0; k < r.size(); ++k) {
    zr += z[k] * r[k];
    rr += r[k] * r[k];
  }
  RowReport report;
  double scale = zr / rr;
  for (std::int64_t j = 0; j < c.dictionary->size; ++j) {
    double value = 0;
    for (std::size_t k = 0; k < r.size(); ++k) value += static_cast<double>(c.dictionary->atom<float>(j)[k]) * r[k];
    value *= c.problem.inverse_weights[static_cast<std::size_t>(j)];
    if (!c.problem.nonnegative) value = std::abs(value);
    if (value > 0) scale = std::min(scale, lambda / value);
    report.kkt_violation = std::max(report.kkt_violation, value - lambda);
  }
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    double value = 0;
    for (std::size_t k = 0; k < r.size(); ++k) value += static_cast<double>(c.dictionary->atom<float>(atoms[i])[k]) * r[k];
    value *= c.problem.inverse_weights[static_cast<std::size_t>(atoms[i])] * (values[i] < 0 ? -1 : 1);
    report.kkt_violation = std::max(report.kkt_violation, std::abs(value - lambda));
  }
  scale = std::max(0.0, scale);
  report.primal = 0.5 * rr + lambda * l1;
  report.dual = 0;
  for (std::size_t k = 0; k < r.size(); ++k) {
    report.dual += 0.5 * z[k] * z[k] - 0.5 * (z[k] - scale * r[k]) * (z[k] - scale * r[k]);
  }
  report.gap = report.primal - report.dual;
  return report;
}

class BruteCertify : public ::testing::TestWithParam<std::tuple<std::int64_t, std::int64_t, bool>> {};

TEST_P(BruteCertify, EqualsPlainLoops) {
  const auto [atoms, dim, nonnegative] = GetParam();
  const Case c(atoms, dim, 9, nonnegative);
  testing::for_every_target([&] {
    const std::vector<RowReport> reports = c.certify(0, 9);
    for (std::int64_t i = 0; i < 9; ++i) {
      const RowReport& report = reports[static_cast<std::size_t>(i)];
      const RowReport expected = plain(c, i);
      const double close = 1e-11 * (1 + expected.primal);
      EXPECT_NEAR(report.primal, expected.primal, close);
      EXPECT_NEAR(report.dual, expected.dual, close);
      EXPECT_NEAR(report.gap, expected.gap, close);
      EXPECT_NEAR(report.kkt_violation, expected.kkt_violation, close);
      EXPECT_EQ(report.rounds, 0);
      EXPECT_EQ(report.iterations, 0);
    }
  });
}

/// Four rows are worked on at once: neither the first row nor the number of rows may show.
TEST_P(BruteCertify, ARowIsTheSameInAnyBatch) {
  const auto [atoms, dim, nonnegative] = GetParam();
  const Case c(atoms, dim, 9, nonnegative);
  const std::vector<RowReport> all = c.certify(0, 9);
  for (std::int64_t first = 0; first < 9; ++first) {
    for (std::int64_t count = 1; first + count <= 9; ++count) {
      const std::vector<RowReport> part = c.certify(first, count);
      for (std::size_t i = 0; i < part.size(); ++i) {
        ASSERT_EQ(part[i].gap, all[static_cast<std::size_t>(first) + i].gap);
        ASSERT_EQ(part[i].primal, all[static_cast<std::size_t>(first) + i].primal);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, BruteCertify,
                         ::testing::Combine(::testing::Values(1, 40, 133), ::testing::Values(1, 17, 64, 100),
                                            ::testing::Bool()));
/// More than a block of atoms, and a rest.
INSTANTIATE_TEST_SUITE_P(Blocks, BruteCertify,
                         ::testing::Combine(::testing::Values(4097), ::testing::Values(17), ::testing::Bool()));

TEST(BruteCertifyRows, SpecialOnesHaveTheirStatus) {
  Case c(40, 17, 9, true);
  c.embeddings[0] = std::numeric_limits<float>::quiet_NaN();
  std::fill_n(c.embeddings.begin() + 3 * 17, 17, 0.0f);  // row 3, whose code is empty
  std::fill_n(c.embeddings.begin() + 4 * 17, 17, 0.0f);  // row 4, whose code is not
  c.embeddings[5 * 17] = std::numeric_limits<float>::infinity();
  const std::vector<RowReport> reports = c.certify(0, 9);
  for (const std::size_t i : {0, 5}) {
    EXPECT_EQ(reports[i].status, RowStatus::non_finite_input);
    EXPECT_TRUE(std::isnan(reports[i].gap));
  }
  EXPECT_EQ(reports[3].status, RowStatus::zero_embedding);
  EXPECT_EQ(reports[3].gap, 0.0);
  EXPECT_EQ(reports[4].status, RowStatus::budget_exhausted);
  EXPECT_GT(reports[4].gap, 0.0);
}

TEST(BruteCertifyRows, InfeasibleCodesHaveAnInfiniteGap) {
  Case c(40, 17, 9, true);
  const auto banned = static_cast<std::size_t>(c.codes.row_atoms(0)[1]);
  c.problem.inverse_weights[banned] = 0;
  c.codes.values[static_cast<std::size_t>(c.codes.row_offsets[1])] *= -1;
  const std::vector<RowReport> reports = c.certify(0, 9);
  EXPECT_EQ(reports[0].gap, inf) << "weight on a banned atom";
  EXPECT_EQ(reports[1].gap, inf) << "a negative weight";
  EXPECT_EQ(reports[1].kkt_violation, inf);
  EXPECT_LT(reports[3].gap, inf);
}

/// A banned atom's correlation constrains nothing.
TEST(BruteCertifyRows, BannedAtomsAreLeftOut) {
  Case c(2, 2, 1, true);
  const std::vector<float> atoms = {1, 0, 0, 1};
  c.dictionary = make_cpu_dictionary({MatrixView<const float>{atoms.data(), 2, 2}});
  c.problem = testing::dense_problem(*c.dictionary);
  c.embeddings = {0.1f, 5.0f};
  c.problem.embeddings = MatrixView<const float>{c.embeddings.data(), 1, 2};
  c.problem.inverse_weights[1] = 0;
  c.codes = {.rows = 1, .cols = 2, .row_offsets = {0, 0}, .atom_indices = {}, .values = {}};
  EXPECT_EQ(c.certify(0, 1)[0].status, RowStatus::certified);  // 0.1 is below lambda = 0.2
  c.problem.inverse_weights[1] = 1;
  EXPECT_EQ(c.certify(0, 1)[0].status, RowStatus::budget_exhausted);
}

}  // namespace
}  // namespace splice_cuda::cpu

#include "splice_cuda/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing::ElementsAre;

struct Problem {
  std::int64_t columns = 12;
  std::vector<std::vector<float>> rows;  ///< dense, many zeros
  std::vector<std::int32_t> labels;
};

/// Classes that overlap, so that every problem has a finite optimum.
Problem random_problem(std::int32_t classes, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(0, 1);
  Problem problem;
  for (int i = 0; i < 150; ++i) {
    const auto label = static_cast<std::int32_t>(static_cast<unsigned>(random()) % static_cast<unsigned>(classes));
    std::vector<float> row(static_cast<std::size_t>(problem.columns), 0.0f);
    for (float& value : row) {
      if (uniform(random) < 0.4f) value = uniform(random);
    }
    row[static_cast<std::size_t>(label)] += 0.7f * uniform(random);
    problem.rows.push_back(row);
    problem.labels.push_back(label);
  }
  return problem;
}

ProbeRows sparse_rows(const Problem& problem) {
  ProbeRows rows(problem.columns);
  for (std::size_t i = 0; i < problem.rows.size(); ++i) {
    std::vector<std::int32_t> atoms;
    std::vector<float> values;
    for (std::size_t k = 0; k < problem.rows[i].size(); ++k) {
      if (problem.rows[i][k] == 0) continue;
      atoms.push_back(static_cast<std::int32_t>(k));
      values.push_back(problem.rows[i][k]);
    }
    rows.add(problem.labels[i], atoms, values);
  }
  return rows;
}

/// Largest violation of the optimality conditions of class `c` against the rest, in units of the gradient at w = 0, by plain sums:
/// gradient g_j = -cost sum_i y_i x_ij / (1 + exp(y_i s_i));  l1: |g_j| <= 1, g_j = -sign(w_j);  l2: g_j = -w_j.
double violation(const Problem& problem, const LinearProbe& probe, std::int32_t c, const ProbeOptions& options) {
  const auto columns = static_cast<std::size_t>(problem.columns) + (options.intercept ? 1 : 0);
  std::vector<double> gradient(columns, 0.0);
  std::vector<double> at_zero(columns, 0.0);
  for (std::size_t i = 0; i < problem.rows.size(); ++i) {
    const double y = problem.labels[i] == c ? 1 : -1;
    double score = options.intercept ? probe.intercept(c) : 0;
    for (std::int64_t k = 0; k < problem.columns; ++k) score += probe.coefficient(c, k) * problem.rows[i][static_cast<std::size_t>(k)];
    for (std::size_t k = 0; k < columns; ++k) {
      const double x = k < problem.rows[i].size() ? problem.rows[i][k] : 1;
      gradient[k] -= options.cost * y * x / (1 + std::exp(y * score));
      at_zero[k] -= options.cost * y * x / 2;
    }
  }
  double worst = 0;
  double scale = 0;
  for (std::size_t k = 0; k < columns; ++k) {
    const double w = k < static_cast<std::size_t>(problem.columns) ? probe.coefficient(c, static_cast<std::int64_t>(k)) : probe.intercept(c);
    scale = std::max(scale, std::abs(at_zero[k]));
    if (options.penalty == ProbePenalty::l2) worst = std::max(worst, std::abs(gradient[k] + w));
    else if (w != 0) worst = std::max(worst, std::abs(gradient[k] + std::copysign(1.0, w)));
    else worst = std::max(worst, std::abs(gradient[k]) - 1);
  }
  return worst / scale;
}

TEST(LinearProbe, SolvesTheProblemItNames) {
  for (const std::int32_t classes : {2, 4}) {
    const Problem problem = random_problem(classes, 5);
    for (const ProbePenalty penalty : {ProbePenalty::l1, ProbePenalty::l2}) {
      for (const double cost : {0.3, 10.0}) {
        for (const bool intercept : {true, false}) {
          const ProbeOptions options{penalty, cost, 1e-8, intercept, 3};
          const LinearProbe probe = LinearProbe::train(sparse_rows(problem), classes, options);
          for (std::int32_t c = 0; c < classes; ++c) EXPECT_LT(violation(problem, probe, c, options), 1e-6) << classes << ' ' << cost << ' ' << c;
          // The comparator tells other problems' solutions apart.
          EXPECT_GT(violation(problem, probe, 0, {penalty, 1.1 * cost, 1e-8, intercept, 3}), 1e-4);
        }
      }
    }
  }
}

TEST(LinearProbe, DenseRowsAreTheSame) {
  const Problem problem = random_problem(3, 9);
  ProbeRows dense(problem.columns);
  for (std::size_t i = 0; i < problem.rows.size(); ++i) dense.add(problem.labels[i], problem.rows[i]);
  const LinearProbe a = LinearProbe::train(sparse_rows(problem), 3);
  const LinearProbe b = LinearProbe::train(dense, 3);
  for (std::int64_t k = 0; k < problem.columns; ++k) EXPECT_EQ(a.coefficient(1, k), b.coefficient(1, k));
  EXPECT_EQ(dense.nnz(), sparse_rows(problem).nnz());
  const std::vector<std::int32_t> atoms = {1, 5};
  const std::vector<float> values = {2, 3};
  std::vector<float> row(12, 0.0f);
  row[1] = 2;
  row[5] = 3;
  EXPECT_EQ(a.scores(atoms, values), b.scores(row));
  EXPECT_DOUBLE_EQ(a.scores(atoms, values)[2], a.intercept(2) + 2 * a.coefficient(2, 1) + 3 * a.coefficient(2, 5));
}

TEST(LinearProbe, RunsAgainAreTheSameBits) {
  const Problem problem = random_problem(3, 2);
  const LinearProbe first = LinearProbe::train(sparse_rows(problem), 3);
  const ProbeRows rows = sparse_rows(problem);
  LinearProbe::train(rows, 3, {ProbePenalty::l1, 1, 1e-4, false, 8});
  const LinearProbe again = LinearProbe::train(rows, 3);
  for (std::int64_t k = 0; k < problem.columns; ++k) EXPECT_EQ(first.coefficient(0, k), again.coefficient(0, k));
}

TEST(LinearProbe, ClassesWithoutRowsAreNeverAnswered) {
  Problem problem = random_problem(2, 4);
  for (std::int32_t& label : problem.labels) label = label == 0 ? 1 : 3;
  const LinearProbe probe = LinearProbe::train(sparse_rows(problem), 5);
  EXPECT_FALSE(probe.knows(0));
  EXPECT_TRUE(probe.knows(3));
  const std::vector<double> scores = probe.scores(problem.rows[0]);
  EXPECT_EQ(scores[0], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(scores[1], -scores[3]);
  EXPECT_EQ(probe.coefficient(1, 0), -probe.coefficient(3, 0));
}

TEST(LinearProbe, CoefficientsCanBeZeroed) {
  const Problem problem = random_problem(4, 6);
  const LinearProbe probe = LinearProbe::train(sparse_rows(problem), 4, {ProbePenalty::l2, 1, 1e-6, true, 0});
  EXPECT_EQ(probe.used_columns(), 12);
  const LinearProbe edited = probe.without(std::vector<std::int32_t>{2, 7});
  EXPECT_EQ(edited.used_columns(), 10);
  for (std::int32_t c = 0; c < 4; ++c) {
    EXPECT_EQ(edited.coefficient(c, 2), 0);
    EXPECT_EQ(edited.coefficient(c, 3), probe.coefficient(c, 3));
    EXPECT_EQ(edited.intercept(c), probe.intercept(c));
  }
  std::vector<float> row = problem.rows[0];
  row[2] = row[7] = 0;
  EXPECT_EQ(edited.scores(problem.rows[0]), probe.scores(row));
  EXPECT_THROW(probe.without(std::vector<std::int32_t>{12}), ArgumentError);
}

TEST(LinearProbe, StrongPenaltiesLeaveNothing) {
  const Problem problem = random_problem(2, 6);
  const LinearProbe probe = LinearProbe::train(sparse_rows(problem), 2, {ProbePenalty::l1, 1e-6, 1e-4, true, 0});
  EXPECT_EQ(probe.used_columns(), 0);
  EXPECT_THAT(probe.scores(problem.rows[0]), ElementsAre(0, 0));
}

TEST(LinearProbe, RefusesWhatIsNoProblem) {
  const Problem problem = random_problem(2, 6);
  const ProbeRows rows = sparse_rows(problem);
  EXPECT_THROW(LinearProbe::train(rows, 1), ArgumentError);
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(LinearProbe::train(rows, 2, {ProbePenalty::l1, bad, 1e-4, true, 0}), ArgumentError);
    EXPECT_THROW(LinearProbe::train(rows, 2, {ProbePenalty::l1, 1, bad, true, 0}), ArgumentError);
  }
  ProbeRows one(3);
  EXPECT_THROW(LinearProbe::train(one, 2), ArgumentError);
  one.add(1, std::vector<float>{1, 2, 3});
  EXPECT_THROW(LinearProbe::train(one, 2), ArgumentError);
  one.add(2, std::vector<float>{1, 2, 3});
  EXPECT_THROW(LinearProbe::train(one, 2), ArgumentError) << "a label of a class that is not there";
  EXPECT_NO_THROW(LinearProbe::train(one, 3));
  EXPECT_THROW(one.add(-1, std::vector<float>{1, 2, 3}), ArgumentError);
  EXPECT_THROW(one.add(1, std::vector<float>{1, 2}), ArgumentError);
  EXPECT_THROW(one.add(1, std::vector<float>{1, 2, std::numeric_limits<float>::quiet_NaN()}), ArgumentError);
  EXPECT_THROW(one.add(1, std::vector<std::int32_t>{1, 1}, std::vector<float>{1, 2}), ArgumentError);
  EXPECT_THROW(one.add(1, std::vector<std::int32_t>{3}, std::vector<float>{1}), ArgumentError);
  EXPECT_THROW(one.add(1, std::vector<std::int32_t>{-1}, std::vector<float>{1}), ArgumentError);
  EXPECT_THROW(one.add(1, std::vector<std::int32_t>{0, 1}, std::vector<float>{1}), ArgumentError);
  EXPECT_THROW(ProbeRows(0), ArgumentError);
}

TEST(LinearProbe, EmptyAndLongRowsAreRows) {
  ProbeRows rows(200000);
  std::vector<float> row(200000, 0.001f);
  rows.add(0, std::span<const std::int32_t>{}, std::span<const float>{});
  rows.add(1, row);
  rows.add(0, std::span<const std::int32_t>{}, std::span<const float>{});
  const LinearProbe probe = LinearProbe::train(rows, 2, {ProbePenalty::l2, 10, 1e-4, true, 0});
  EXPECT_GT(probe.scores(row)[1], probe.scores(row)[0]);
  EXPECT_GT(probe.intercept(0), 0);
}

}  // namespace
}  // namespace splice_cuda

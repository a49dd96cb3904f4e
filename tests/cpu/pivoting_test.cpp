#include "cpu/pivoting.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "cpu_problem.hpp"
#include "every_target.hpp"

namespace splice_cuda::cpu {
namespace {

/// A small problem with its Gram matrix in fp64.
struct SmallProblem {
  SmallProblem(std::int64_t atoms, std::int64_t dim, unsigned seed) : count(atoms), length(dim) {
    vectors = testing::gaussian(static_cast<std::size_t>(atoms * dim), seed);
    target = testing::gaussian(static_cast<std::size_t>(dim), seed + 1);
  }
  double gram(std::int64_t i, std::int64_t k) const {
    return testing::dot(vectors.data() + i * length, vectors.data() + k * length, length);
  }
  double linear(std::int64_t i) const {
    return testing::dot(vectors.data() + i * length, target.data(), length);
  }
  std::int64_t count;
  std::int64_t length;
  std::vector<float> vectors;
  std::vector<float> target;
};

template <class T>
void append(Tableau<T>& tableau, const SmallProblem& problem, std::int64_t first, std::int64_t count,
            double lambda) {
  const std::int64_t total = first + count;
  std::vector<std::int32_t> atoms(static_cast<std::size_t>(count));
  std::iota(atoms.begin(), atoms.end(), static_cast<std::int32_t>(first));
  const std::vector<T> factors(atoms.size(), T(1));
  std::vector<T> gram(static_cast<std::size_t>(count * total));
  std::vector<T> values(atoms.size());
  for (std::int64_t i = 0; i < count; ++i) {
    double y = lambda - problem.linear(first + i);
    for (std::int64_t k = 0; k < total; ++k) {
      gram[static_cast<std::size_t>(i * total + k)] = static_cast<T>(problem.gram(first + i, k));
    }
    for (std::int64_t k = 0; k < first; ++k) {
      if (tableau.in_support[static_cast<std::size_t>(k)] == 0) continue;
      y += problem.gram(first + i, k) * static_cast<double>(tableau.value[static_cast<std::size_t>(k)]);
    }
    values[static_cast<std::size_t>(i)] = static_cast<T>(y);
  }
  AppendScratch<T> scratch;
  append_atoms(tableau, atoms.data(), factors.data(), count, gram.data(), total, values.data(), scratch);
}

/// Largest violation of x >= 0, y >= 0, x y = 0, relative to the problem's scale.
template <class T>
double kkt_violation(const Tableau<T>& tableau, const SmallProblem& problem, double lambda) {
  double worst = 0;
  for (std::int64_t i = 0; i < problem.count; ++i) {
    double y = lambda - problem.linear(i);
    for (std::int64_t k = 0; k < problem.count; ++k) {
      const auto place = static_cast<std::size_t>(k);
      if (tableau.in_support[place] != 0) {
        y += problem.gram(i, k) * static_cast<double>(tableau.value[place]);
      }
    }
    const bool in_support = tableau.in_support[static_cast<std::size_t>(i)] != 0;
    worst = std::max(worst, in_support ? std::abs(y) : -y);
    if (in_support) worst = std::max(worst, -static_cast<double>(tableau.value[static_cast<std::size_t>(i)]));
  }
  return worst / static_cast<double>(problem.length);
}

TEST(Pivoting, SolvesRandomProblemsOnEveryTarget) {
  testing::for_every_target([] {
    for (const std::int64_t atoms : {1, 2, 15, 16, 17, 40, 97}) {
      const SmallProblem problem(atoms, 2 * atoms + 5, static_cast<unsigned>(atoms));
      Tableau<double> wide;
      append(wide, problem, 0, atoms, 0.5);
      solve_tableau(wide, 1e-12, 1e-11);
      EXPECT_LE(kkt_violation(wide, problem, 0.5), 1e-11);
      Tableau<float> narrow;
      append(narrow, problem, 0, atoms, 0.5);
      solve_tableau(narrow, 1e-5f, 1e-4f);
      EXPECT_LE(kkt_violation(narrow, problem, 0.5), 1e-4);
    }
  });
}

TEST(Pivoting, AtomsThatJoinLaterGiveTheSameSolution) {
  const SmallProblem problem(50, 120, 3);
  Tableau<double> at_once;
  append(at_once, problem, 0, 50, 0.1);
  solve_tableau(at_once, 1e-12, 1e-11);
  Tableau<double> step_by_step;
  std::int64_t first = 0;
  for (const std::int64_t count : {1, 3, 16, 13, 17}) {
    append(step_by_step, problem, first, count, 0.1);
    solve_tableau(step_by_step, 1e-12, 1e-11);
    first += count;
  }
  EXPECT_LE(kkt_violation(step_by_step, problem, 0.1), 1e-11);
  for (std::size_t k = 0; k < 50; ++k) {
    ASSERT_EQ(step_by_step.in_support[k], at_once.in_support[k]);
    if (at_once.in_support[k] != 0) {
      EXPECT_LE(std::abs(step_by_step.value[k] - at_once.value[k]), 1e-10);
    }
  }
}

TEST(Pivoting, EqualAtomsNeverDivideByZero) {
  SmallProblem problem(12, 30, 4);
  for (std::int64_t copy = 6; copy < 12; ++copy) {
    std::copy_n(problem.vectors.begin() + (copy - 6) * 30, 30, problem.vectors.begin() + copy * 30);
  }
  Tableau<double> tableau;
  append(tableau, problem, 0, 12, 0.1);
  solve_tableau(tableau, 1e-9, 1e-11);
  EXPECT_LE(kkt_violation(tableau, problem, 0.1), 1e-9);
}

TEST(Pivoting, MoreAtomsThanDimensionsStillSolve) {
  const SmallProblem problem(60, 20, 5);
  Tableau<double> tableau;
  append(tableau, problem, 0, 60, 1e-3);
  solve_tableau(tableau, 1e-9, 1e-11);
  EXPECT_LE(kkt_violation(tableau, problem, 1e-3), 1e-8);
}

TEST(Pivoting, ANewtonStepRepairsADisturbedSolution) {
  const SmallProblem problem(20, 60, 6);
  Tableau<double> tableau;
  append(tableau, problem, 0, 20, 0.2);
  solve_tableau(tableau, 1e-12, 1e-11);
  for (std::size_t k = 0; k < 20; ++k) {
    if (tableau.in_support[k] != 0) tableau.value[k] += 1e-3;
  }
  std::vector<double> y(20);
  for (std::int64_t i = 0; i < 20; ++i) {
    double value = 0.2 - problem.linear(i);
    for (std::int64_t k = 0; k < 20; ++k) {
      const auto place = static_cast<std::size_t>(k);
      if (tableau.in_support[place] != 0) value += problem.gram(i, k) * tableau.value[place];
    }
    y[static_cast<std::size_t>(i)] = value;
  }
  EXPECT_GT(kkt_violation(tableau, problem, 0.2), 1e-5) << "the disturbance must be noticeable";
  newton_step(tableau, y.data());
  EXPECT_LE(kkt_violation(tableau, problem, 0.2), 1e-12);
}

TEST(Pivoting, AFlippedAtomActsAsItsNegative) {
  SmallProblem problem(8, 40, 7);
  Tableau<double> flipped;
  append(flipped, problem, 0, 8, 0.2);
  flip_sign(flipped, 3);
  flipped.value[3] = 0.4 - flipped.value[3];
  for (std::int64_t k = 0; k < 40; ++k) problem.vectors[static_cast<std::size_t>(3 * 40 + k)] *= -1.0f;
  solve_tableau(flipped, 1e-12, 1e-11);
  EXPECT_LE(kkt_violation(flipped, problem, 0.2), 1e-11);
  EXPECT_EQ(flipped.factors[3], -1.0);
}

// What is excluded stays so, even where its member overflowed: it is below every bound that a number can be.
TEST(Pivoting, AnExcludedAtomOfInfiniteSlackIsNotAskedAgain) {
  const std::vector<float> gram = {1, -1, -1, 1};  // the second atom is the first one's negative
  const std::vector<std::int32_t> atoms = {0, 1};
  const std::vector<float> factors = {1, 1};
  const std::vector<float> values = {-1, 2};
  Tableau<float> tableau;
  AppendScratch<float> scratch;
  append_atoms(tableau, atoms.data(), factors.data(), 2, gram.data(), 2, values.data(), scratch);
  EXPECT_EQ(solve_tableau(tableau, 1e-6f, 1e-4f), 1);
  tableau.value[1] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(solve_tableau(tableau, 1e-6f, 1e-4f), 0);
}

}  // namespace
}  // namespace splice_cuda::cpu

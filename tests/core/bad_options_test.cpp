// Every option that can be wrong, in decompose and in certify, which check alike.

#include <cmath>

#include "bad_call.hpp"

namespace splice_cuda::testing {
namespace {

/// An entry that sets options and then decomposes.
template <class Spoil>
BadCall option(std::string name, Spoil spoil, std::string argument, std::string given, std::string expected) {
  const auto call = [spoil](SmallCall& c) {
    spoil(c);
    decompose(c.context, c.dictionary, c.embeddings, c.options);
  };
  return {std::move(name), call, std::move(argument), std::move(given), std::move(expected)};
}

BadCall penalty(std::string name, float value, std::string given) {
  return option(std::move(name), [value](SmallCall& c) { c.options.l1_penalty = value; }, "l1_penalty",
                std::move(given), "finite number > 0");
}

BadCall penalties(std::string name, std::vector<float> values, std::string argument, std::string given,
                  std::string expected) {
  const auto spoil = [values](SmallCall& c) {
    c.numbers = values;
    c.options.l1_penalties = c.numbers;
  };
  return option(std::move(name), spoil, std::move(argument), std::move(given), std::move(expected));
}

BadCall weights(std::string name, std::vector<float> values, std::string argument, std::string given,
                std::string expected) {
  const auto spoil = [values](SmallCall& c) {
    c.numbers = values;
    c.options.atom_weights = c.numbers;
  };
  return option(std::move(name), spoil, std::move(argument), std::move(given), std::move(expected));
}

BadCall banned(std::string name, std::vector<std::int32_t> atoms, std::string argument, std::string given) {
  const auto spoil = [atoms](SmallCall& c) {
    c.indices = atoms;
    c.options.banned_atoms = c.indices;
  };
  return option(std::move(name), spoil, std::move(argument), std::move(given), "0 to 3");
}

template <class T>
BadCall solve_option(std::string name, T SolveOptions::*member, T value, std::string argument, std::string given,
                     std::string expected) {
  return option(std::move(name), [member, value](SmallCall& c) { c.options.solve.*member = value; },
                std::move(argument), std::move(given), std::move(expected));
}

BadCall target(std::string name, std::int32_t l0, float cosine, std::string argument, std::string given,
               std::string expected, SolverKind solver = SolverKind::working_set) {
  const auto spoil = [=](SmallCall& c) {
    c.options.target_l0 = l0;
    c.options.target_cosine = cosine;
    c.options.solve.solver = solver;
  };
  return option(std::move(name), spoil, std::move(argument), std::move(given), std::move(expected));
}

BadCall path(std::string name, std::vector<float> penalties, std::string argument, std::string given, std::string expected) {
  const auto call = [penalties](SmallCall& c) { decompose_path(c.context, c.dictionary, c.embeddings, penalties, c.options); };
  return {std::move(name), call, std::move(argument), std::move(given), std::move(expected)};
}

std::vector<BadCall> bad_options() {
  using Solve = SolveOptions;
  const std::string tolerance = "solve.gap_tolerance";
  const std::string relaxation = "solve.over_relaxation";
  return {
      penalty("PenaltyZero", 0, "got 0"),
      penalty("PenaltyNegative", -1, "got -1"),
      penalty("PenaltySlightlyNegative", -1e-9f, "got -1e-09"),
      penalty("PenaltyNan", nan, "nan"),
      penalty("PenaltyInfinite", inf, "inf"),
      penalties("PenaltiesTooFew", {0.1f, 0.1f}, "l1_penalties", "2 entries", "one a row of embeddings, 3"),
      penalties("PenaltiesTooMany", {1, 1, 1, 1}, "l1_penalties", "4 entries", "one a row of embeddings, 3"),
      penalties("PenaltiesWithAZero", {1, 0, 1}, "l1_penalties[1]", "got 0", "finite number > 0"),
      penalties("PenaltiesWithANegative", {1, 1, -0.5f}, "l1_penalties[2]", "-0.5", "finite number > 0"),
      penalties("PenaltiesWithANan", {nan, 1, 1}, "l1_penalties[0]", "nan", "finite number > 0"),
      penalties("PenaltiesWithAnInfinity", {1, 1, inf}, "l1_penalties[2]", "inf", "finite number > 0"),
      weights("WeightsTooFew", {1, 1, 1}, "atom_weights", "3 entries", "one an atom, 4"),
      weights("WeightsTooMany", {1, 1, 1, 1, 1}, "atom_weights", "5 entries", "one an atom, 4"),
      weights("WeightZero", {1, 0, 1, 1}, "atom_weights[1]", "got 0", "a number > 0"),
      weights("WeightNegative", {1, 1, -2, 1}, "atom_weights[2]", "-2", "a number > 0"),
      weights("WeightNan", {1, 1, 1, nan}, "atom_weights[3]", "nan", "a number > 0"),
      weights("WeightNegativeInfinity", {-inf, 1, 1, 1}, "atom_weights[0]", "-inf", "a number > 0"),
      weights("WeightSubnormal", {1e-40f, 1, 1, 1}, "atom_weights[0]", "e-41, a subnormal", "inverse is finite"),
      banned("BannedBehindTheEnd", {1, 4}, "banned_atoms[1]", "got 4"),
      banned("BannedNegative", {-1}, "banned_atoms[0]", "got -1"),
      target("TargetL0Negative", -1, 0, "target_l0", "got -1", "0 (no target) or more"),
      target("TargetCosineNegative", 0, -0.1f, "target_cosine", "got -0.1", "a number in (0, 1)"),
      target("TargetCosineOne", 0, 1, "target_cosine", "got 1", "a number in (0, 1)"),
      target("TargetCosineAboveOne", 0, 1.5f, "target_cosine", "got 1.5", "a number in (0, 1)"),
      target("TargetCosineNan", 0, nan, "target_cosine", "nan", "a number in (0, 1)"),
      target("TargetCosineInfinite", 0, inf, "target_cosine", "inf", "a number in (0, 1)"),
      target("TwoTargets", 3, 0.5f, "target_l0", "3 together with target_cosine", "one target"),
      target("TargetL0OfCoordinateDescent", 3, 0, "target_l0", "another solver", "working_set", SolverKind::coordinate_descent),
      target("TargetL0OfFista", 3, 0, "target_l0", "another solver", "working_set", SolverKind::fista),
      target("TargetCosineOfAdmm", 0, 0.5f, "target_cosine", "another solver", "working_set", SolverKind::admm),
      option("TargetWithPenalties",
             [](SmallCall& c) {
               c.numbers = {1, 1, 1};
               c.options.l1_penalties = c.numbers;
               c.options.target_l0 = 1;
             },
             "l1_penalties", "3 entries together with a target", "none"),
      path("PathEmpty", {}, "l1_penalties", "0 entries", "at least one"),
      path("PathWithAZero", {1, 0}, "l1_penalties[1]", "got 0", "finite number > 0"),
      path("PathNegative", {-1}, "l1_penalties[0]", "got -1", "finite number > 0"),
      path("PathNan", {1, nan}, "l1_penalties[1]", "nan", "finite number > 0"),
      path("PathInfinite", {inf, 1}, "l1_penalties[0]", "inf", "finite number > 0"),
      path("PathThatRises", {1, 0.5f, 0.75f}, "l1_penalties[2]", "0.75 after 0.5", "descending"),
      path("PathThatStays", {1, 1}, "l1_penalties[1]", "1 after 1", "descending"),
      {"PathWithPenaltiesOfRows",
       [](SmallCall& c) {
         c.numbers = {1, 1, 1};
         c.options.l1_penalties = c.numbers;
         decompose_path(c.context, c.dictionary, c.embeddings, std::vector<float>{1}, c.options);
       },
       "options.l1_penalties", "3 entries", "none"},
      {"PathWithATarget",
       [](SmallCall& c) {
         c.options.target_l0 = 2;
         decompose_path(c.context, c.dictionary, c.embeddings, std::vector<float>{1}, c.options);
       },
       "options", "a target together with a path", "one of them"},
      solve_option("ToleranceZero", &Solve::gap_tolerance, 0.0, tolerance, "got 0", "finite number > 0"),
      solve_option("ToleranceNegative", &Solve::gap_tolerance, -1.0, tolerance, "got -1", "finite number > 0"),
      solve_option("ToleranceNan", &Solve::gap_tolerance, std::nan(""), tolerance, "nan", "finite number > 0"),
      solve_option("ToleranceInfinite", &Solve::gap_tolerance, HUGE_VAL, tolerance, "inf", "finite number > 0"),
      solve_option("RoundsZero", &Solve::max_rounds, 0, "solve.max_rounds", "got 0", "at least 1"),
      solve_option("RoundsNegative", &Solve::max_rounds, -7, "solve.max_rounds", "got -7", "at least 1"),
      solve_option("IterationsZero", &Solve::max_iterations, 0, "solve.max_iterations", "got 0", "at least 1"),
      solve_option("IterationsNegative", &Solve::max_iterations, -1, "solve.max_iterations", "got -1", "at least 1"),
      solve_option("RhoZero", &Solve::rho, 0.0, "solve.rho", "got 0", "finite number > 0"),
      solve_option("RhoNegative", &Solve::rho, -2.0, "solve.rho", "got -2", "finite number > 0"),
      solve_option("RhoNan", &Solve::rho, std::nan(""), "solve.rho", "nan", "finite number > 0"),
      solve_option("RhoInfinite", &Solve::rho, HUGE_VAL, "solve.rho", "inf", "finite number > 0"),
      solve_option("RelaxationBelowOne", &Solve::over_relaxation, 0.9, relaxation, "0.9", "[1, 2)"),
      solve_option("RelaxationTwo", &Solve::over_relaxation, 2.0, relaxation, "got 2", "[1, 2)"),
      solve_option("RelaxationNan", &Solve::over_relaxation, std::nan(""), relaxation, "nan", "[1, 2)"),
      solve_option("UnknownSolver", &Solve::solver, static_cast<SolverKind>(9), "solve.solver", "got 9",
                   "working_set, coordinate_descent, fista or admm"),
  };
}

class BadOptions : public ::testing::TestWithParam<BadCall> {};

TEST_P(BadOptions, AreNamed) { expect_argument_error(GetParam()); }

INSTANTIATE_TEST_SUITE_P(, BadOptions, ::testing::ValuesIn(bad_options()), bad_call_name);

/// The same checks guard certify, which reads the problem from the same options.
TEST(BadOptionsOfCertify, AreNamed) {
  const BadCall bad = {"", [](SmallCall& c) {
                         c.options.l1_penalty = -1;
                         certify(c.context, c.dictionary, c.embeddings, c.codes, c.options);
                       }, "l1_penalty", "-1", "finite number > 0"};
  expect_argument_error(bad);
}

/// The penalties of codes that a target found have to be told: the target alone says nothing of them.
TEST(BadOptionsOfCertify, ATargetWithoutPenalties) {
  const BadCall bad = {"", [](SmallCall& c) {
                         c.options.target_l0 = 2;
                         certify(c.context, c.dictionary, c.embeddings, c.codes, c.options);
                       }, "l1_penalties", "none together with a target", "of each row's report"};
  expect_argument_error(bad);
}

TEST(GoodOptions, WithATargetThePenaltyIsNotLookedAt) {
  SmallCall c;
  c.options.l1_penalty = nan;
  c.options.target_l0 = 1;
  const DecomposeResult result = decompose(c.context, c.dictionary, c.embeddings, c.options);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified);
}

/// A single penalty is not looked at where each row has its own.
TEST(GoodOptions, APenaltyThatIsNotUsedMayBeAnything) {
  SmallCall c;
  c.numbers = {0.1f, 0.2f, 0.3f};
  c.options.l1_penalty = nan;
  c.options.l1_penalties = c.numbers;
  const DecomposeResult result = decompose(c.context, c.dictionary, c.embeddings, c.options);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified);
}

TEST(GoodOptions, AnInfiniteWeightBansTheAtom) {
  SmallCall c;
  c.numbers = {inf, 1, 1, 1};
  c.options.atom_weights = c.numbers;
  const DecomposeResult result = decompose(c.context, c.dictionary, c.embeddings, c.options);
  EXPECT_EQ(result.codes.l0(0), 1) << "only the second number of (1, 0.5) can be explained";
  EXPECT_EQ(result.codes.row_atoms(0)[0], 1);
}

}  // namespace
}  // namespace splice_cuda::testing

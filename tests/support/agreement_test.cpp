// Each comparator, on a sound answer and on corrupted ones.

#include "support/agreement.hpp"

#include <cmath>
#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class Agreement : public ::testing::Test {
 protected:
  Agreement() {
    const Context context;
    result = decompose(context, Dictionary(context, sample.atom_view()), sample.view());
    w = dense_row(result.codes, 0);
  }

  std::string judged() const { return row_disagreement(problem, z, oracle, w, result.reports[0]); }

  SampleProblem sample = sample_problem(100, 20, 3, 7);
  splice_oracle::Problem problem = oracle_problem(sample, 0.25);
  std::vector<double> z = oracle_row(sample, 0);
  splice_oracle::Solution oracle = splice_oracle::solve(problem, z);
  DecomposeResult result;
  std::vector<double> w;
};

TEST_F(Agreement, AcceptsASoundRow) { EXPECT_EQ(judged(), ""); }

TEST_F(Agreement, SeesAFalsePrimal) {
  result.reports[0].primal += 1e-6;
  EXPECT_NE(judged(), "");
}

TEST_F(Agreement, SeesAGapThatIsNoBound) {
  for (double& weight : w) weight *= 0.99;
  const splice_oracle::Solution worse = splice_oracle::evaluate(problem, z, w);
  result.reports[0].primal = worse.primal;
  result.reports[0].dual = worse.primal - result.reports[0].gap;
  EXPECT_NE(judged().find("below the distance"), std::string::npos) << judged();
}

TEST_F(Agreement, SeesANegativeWeight) {
  w[3] = -0.5;
  EXPECT_NE(judged().find("negative"), std::string::npos);
}

TEST_F(Agreement, SeesABannedAtom) {
  problem.weights.assign(100, 1.0);
  const auto atom = static_cast<std::size_t>(result.codes.row_atoms(0)[0]);
  problem.weights[atom] = std::numeric_limits<double>::infinity();
  EXPECT_NE(judged().find("banned"), std::string::npos);
}

TEST_F(Agreement, SeesAWeightThatIsProvablyZero) {
  std::size_t least = 0;
  for (std::size_t j = 0; j < w.size(); ++j) {
    if (std::abs(oracle.correlations[j]) < std::abs(oracle.correlations[least])) least = j;
  }
  w[least] = 1e-7;
  EXPECT_NE(judged().find("provably zero"), std::string::npos) << judged();
}

TEST_F(Agreement, SeesOneBadRowOfAResult) {
  EXPECT_EQ(result_disagreement(problem, sample, result), "");
  const std::vector<std::function<void(DecomposeResult&)>> corruptions = {
      [](DecomposeResult& other) { other.reports[2].status = RowStatus::budget_exhausted; },
      [](DecomposeResult& other) { other.reports[2].primal += 1e-6; },
      [](DecomposeResult& other) { other.codes.values.back() *= -1; },
      [](DecomposeResult& other) { other.codes.values.back() = 0; },
      [](DecomposeResult& other) { other.reports.pop_back(); },
  };
  for (const auto& corrupt : corruptions) {
    DecomposeResult other = result;
    corrupt(other);
    EXPECT_NE(result_disagreement(problem, sample, other), "");
  }
}

TEST_F(Agreement, SeesMalformedCodes) {
  EXPECT_EQ(malformed(result.codes), "");
  ASSERT_GE(result.codes.l0(0), 2);
  const std::vector<std::function<void(SparseCodes&)>> corruptions = {
      [](SparseCodes& codes) { codes.row_offsets.pop_back(); },
      [](SparseCodes& codes) { codes.row_offsets[0] = 1; },
      [](SparseCodes& codes) { codes.row_offsets.back() += 1; },
      [](SparseCodes& codes) { codes.atom_indices.pop_back(); },
      [](SparseCodes& codes) { std::swap(codes.atom_indices[0], codes.atom_indices[1]); },
      [](SparseCodes& codes) { codes.atom_indices[1] = codes.atom_indices[0]; },
      [](SparseCodes& codes) { codes.atom_indices[0] = -1; },
      [](SparseCodes& codes) { codes.atom_indices.back() = 100; },
      [](SparseCodes& codes) { codes.values[0] = 0; },
      [](SparseCodes& codes) { codes.values[0] = std::numeric_limits<float>::quiet_NaN(); },
  };
  for (const auto& corrupt : corruptions) {
    SparseCodes codes = result.codes;
    corrupt(codes);
    EXPECT_NE(malformed(codes), "");
  }
}

TEST_F(Agreement, SeesOneBitOfDifference) {
  EXPECT_EQ(difference(result, result), "");
  const std::vector<std::function<void(DecomposeResult&)>> corruptions = {
      [](DecomposeResult& other) { other.codes.values[0] = std::nextafter(other.codes.values[0], 2.0f); },
      [](DecomposeResult& other) { other.codes.atom_indices[0] += 1; },
      [](DecomposeResult& other) { other.codes.row_offsets[1] -= 1; },
      [](DecomposeResult& other) { other.codes.rows = 2; },
      [](DecomposeResult& other) { other.reports[1].gap = std::nextafter(other.reports[1].gap, 1.0); },
      [](DecomposeResult& other) { other.reports[1].dual = std::nextafter(other.reports[1].dual, 1.0); },
      [](DecomposeResult& other) { other.reports[2].kkt_violation += 1; },
      [](DecomposeResult& other) { other.reports[2].rounds += 1; },
      [](DecomposeResult& other) { other.reports[2].status = RowStatus::zero_embedding; },
  };
  for (const auto& corrupt : corruptions) {
    DecomposeResult other = result;
    corrupt(other);
    EXPECT_NE(difference(result, other), "");
  }
}

}  // namespace
}  // namespace splice_cuda::testing

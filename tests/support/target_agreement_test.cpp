// The comparators of targets, on sound answers and on corrupted ones.

#include "support/target_agreement.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace splice_cuda::testing {
namespace {

class TargetAgreement : public ::testing::TestWithParam<bool> {
 protected:
  TargetAgreement() {
    if (GetParam()) {
      options.target_l0 = 4;
    } else {
      options.target_cosine = 0.93f;
    }
    const Context context;
    const DecomposeResult result = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options);
    w = dense_row(result.codes, 0);
    report = result.reports[0];
  }

  std::string judged() const { return target_disagreement(problem, z, options, w, report); }

  SampleProblem sample = sample_problem(100, 20, 3, 7);
  splice_oracle::Problem problem = oracle_problem(sample, 0.25);
  std::vector<double> z = oracle_row(sample, 0);
  DecomposeOptions options;
  std::vector<double> w;
  RowReport report;
};

TEST_P(TargetAgreement, AcceptsASoundRow) { EXPECT_EQ(judged(), ""); }

TEST_P(TargetAgreement, SeesAnotherTarget) {
  options.target_l0 += options.target_l0 > 0 ? 1 : 0;
  options.target_cosine *= 1.001f;
  EXPECT_NE(judged().find("the path's is"), std::string::npos) << judged();
}

TEST_P(TargetAgreement, SeesAPenaltyThatIsAnothers) {
  report.l1_penalty = static_cast<double>(static_cast<float>(report.l1_penalty) * 1.0001f);
  EXPECT_NE(judged().find("the path's is"), std::string::npos) << judged();
}

TEST_P(TargetAgreement, SeesAPenaltyThatIsNoFloat) {
  report.l1_penalty *= 1 + 1e-12;
  EXPECT_NE(judged().find("no positive float32"), std::string::npos) << judged();
}

TEST_P(TargetAgreement, SeesAMissingCertificate) {
  report.status = RowStatus::budget_exhausted;
  EXPECT_NE(judged(), "");
}

TEST_P(TargetAgreement, SeesAnAtomTooManyOrACosineMissed) {
  if (GetParam()) {
    for (double& weight : w) {
      if (weight != 0) continue;
      weight = 1e-9;
      break;
    }
    EXPECT_NE(judged().find("at most 4"), std::string::npos) << judged();
  } else {
    for (double& weight : w) {
      if (weight == 0) continue;
      weight *= 1.001;
      break;
    }
    const double moved = splice_oracle::cosine_of(problem, z, w);
    options.target_cosine = std::nextafter(static_cast<float>(moved), 1.0f);
    EXPECT_NE(judged().find("below"), std::string::npos) << judged();
  }
}

TEST_P(TargetAgreement, SeesWeightsOfAnotherPenalty) {
  for (double& weight : w) weight *= 1.01;
  EXPECT_NE(judged().find("gap"), std::string::npos) << judged();
}

INSTANTIATE_TEST_SUITE_P(, TargetAgreement, ::testing::Bool(),
                         [](const auto& parameters) { return std::string(parameters.param ? "l0" : "cosine"); });

}  // namespace
}  // namespace splice_cuda::testing

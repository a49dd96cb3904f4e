// Objectives that scikit-learn reached (golden/make_golden.py): 2,000 rows, each solver within the sum of the gaps.

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/solver_names.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

nlohmann::json read_golden() {
  std::ifstream file(SPLICE_GOLDEN_FILE);
  return nlohmann::json::parse(file);
}

class SklearnAgreement : public EachSolver {};

TEST_P(SklearnAgreement, ObjectivesAgreeWithinTheGaps) {
  const nlohmann::json golden = read_golden();
  const Context context(test_device().device);
  std::int64_t rows = 0;
  std::int64_t expected = 0;
  for (const nlohmann::json& entry : golden.at("cases")) {
    const SampleProblem sample = sample_problem(entry.at("atoms"), entry.at("dim"), entry.at("rows"), entry.at("seed"));
    double checksum = 0;
    for (const float value : sample.dictionary) checksum += static_cast<double>(value);
    for (const float value : sample.embeddings) checksum += static_cast<double>(value);
    ASSERT_NEAR(checksum, entry.at("checksum").get<double>(), 1e-4) << "not the problem that scikit-learn solved";
    const DecomposeResult result =
        decompose(context, Dictionary(context, sample.atom_view()), sample.view().slice(0, test_rows(sample.rows)),
                  options(entry.at("l1_penalty")));
    expected += test_rows(sample.rows);
    for (std::size_t i = 0; i < result.reports.size(); ++i) {
      const RowReport& report = result.reports[i];
      const double theirs = entry.at("objectives").at(i);
      double zz = 0;
      for (const double value : oracle_row(sample, static_cast<std::int64_t>(i))) zz += value * value;
      ASSERT_EQ(report.status, RowStatus::certified) << "row " << i;
      ASSERT_LE(report.primal, theirs + report.gap + 1e-10 * zz) << "row " << i;
      ASSERT_GE(report.primal, theirs - 2e-10 * zz) << "row " << i;  // their own gap at tol 1e-10, and the last digits
      ++rows;
    }
  }
  EXPECT_EQ(rows, expected);
  EXPECT_GE(rows, 2000 / test_device().row_share);
}

SPLICE_EACH_SOLVER(SklearnAgreement);

}  // namespace
}  // namespace splice_cuda::testing

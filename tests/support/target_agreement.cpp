#include "support/target_agreement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "support/agreement.hpp"

namespace splice_cuda::testing {

std::string target_disagreement(const splice_oracle::Problem& problem, const std::vector<double>& z,
                                const DecomposeOptions& options, const std::vector<double>& w, const RowReport& report,
                                double rounding) {
  std::ostringstream text;
  text.precision(12);
  if (report.status != RowStatus::certified) text << to_string(report.status) << ", gap " << report.gap << "\n";
  const double penalty = report.l1_penalty;
  if (!(penalty > 0) || static_cast<double>(static_cast<float>(penalty)) != penalty) {
    text << "penalty " << penalty << " is no positive float32\n";
  }
  int l0 = 0;
  for (const double weight : w) l0 += weight != 0 ? 1 : 0;
  double zz = 0;
  for (const double value : z) zz += value * value;
  splice_oracle::Problem at_penalty = problem;
  at_penalty.penalty = penalty / 2;
  const splice_oracle::Solution seen = splice_oracle::evaluate(at_penalty, z, w);
  if (!(seen.gap <= 1e-6 * zz / 2 * (1 + 1e-6))) text << "gap " << seen.gap << " at the penalty reported\n";
  if (!(seen.gap <= report.gap + 1e-9 * zz)) text << "gap " << seen.gap << " reported as " << report.gap << "\n";

  constexpr double at_once = std::numeric_limits<double>::infinity();  // the first knot alone
  std::vector<splice_oracle::Knot> knots = splice_oracle::path(problem, z, at_once);
  if (knots.empty()) return l0 == 0 ? text.str() : text.str() + "weights on atoms that do not correlate\n";
  const double floor = 1e-3 * knots.front().penalty;
  knots = splice_oracle::path(problem, z, std::max(floor, 0.45 * penalty));  // enough to tell, and sooner done
  const bool by_l0 = options.target_l0 > 0;
  const double cosine = static_cast<double>(options.target_cosine);
  const double expected = 2 * (by_l0 ? splice_oracle::penalty_of_l0(knots, options.target_l0)
                                     : splice_oracle::penalty_of_cosine(problem, knots, z, cosine));
  // Where a cosine hardly rises any more, rounding the weights to float32 costs a few steps of the penalty.
  if (!(std::abs(penalty - expected) <= (by_l0 ? 1 : 10) * rounding * expected)) {
    text << "penalty " << penalty << ", the path's is " << expected << "\n";
  }
  if (by_l0 && l0 > options.target_l0) text << l0 << " atoms, at most " << options.target_l0 << " asked for\n";
  const bool reachable = !by_l0 && expected > 2 * floor * (1 + 1e-6);
  if (reachable && !(splice_oracle::cosine_of(problem, z, w) >= cosine - 1e-14)) {
    text << "cosine " << splice_oracle::cosine_of(problem, z, w) << " below " << cosine << "\n";
  }
  return text.str();
}

std::string targets_disagreement(const splice_oracle::Problem& problem, const SampleProblem& sample,
                                 const DecomposeOptions& options, const DecomposeResult& result) {
  if (std::string wrong = malformed(result.codes); !wrong.empty()) return wrong;
  if (result.codes.rows != sample.rows || result.reports.size() != static_cast<std::size_t>(sample.rows)) {
    return "not one code and one report a row";
  }
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    const std::string wrong = target_disagreement(problem, oracle_row(sample, i), options, dense_row(result.codes, i),
                                                  result.reports[static_cast<std::size_t>(i)]);
    if (!wrong.empty()) return "row " + std::to_string(i) + ": " + wrong;
  }
  return {};
}

}  // namespace splice_cuda::testing

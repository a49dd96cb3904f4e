#include "support/agreement.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <sstream>

namespace splice_cuda::testing {
namespace {

bool same(double left, double right) {
  return std::bit_cast<std::uint64_t>(left) == std::bit_cast<std::uint64_t>(right);
}

bool same(const RowReport& left, const RowReport& right) {
  return same(left.primal, right.primal) && same(left.dual, right.dual) && same(left.gap, right.gap) &&
         same(left.kkt_violation, right.kkt_violation) && left.rounds == right.rounds &&
         left.iterations == right.iterations && left.status == right.status &&
         same(left.l1_penalty, right.l1_penalty);
}

}  // namespace

std::string row_disagreement(const splice_oracle::Problem& problem, const std::vector<double>& z,
                             const splice_oracle::Solution& oracle, const std::vector<double>& w,
                             const RowReport& report) {
  std::ostringstream text;
  double zz = 0;
  for (const double value : z) zz += value * value;
  const double half = 0.5 * zz;
  const double rounding = 1e-9 * half + std::numeric_limits<double>::min();  // fp64 sums in another order
  const splice_oracle::Solution mine = splice_oracle::evaluate(problem, z, w);
  for (std::size_t j = 0; j < w.size(); ++j) {
    if (!problem.any_sign && w[j] < 0) text << "atom " << j << " has the negative weight " << w[j] << "\n";
    const double a = problem.weights.empty() ? 1.0 : problem.weights[j];
    if (std::isinf(a) && w[j] != 0) text << "the banned atom " << j << " has weight " << w[j] << "\n";
  }
  if (!(std::abs(report.primal - mine.primal) <= rounding)) {
    text << "primal reported " << report.primal << ", true " << mine.primal << "\n";
  }
  if (!(std::abs(report.primal - report.dual - report.gap) <= rounding)) {
    text << "gap " << report.gap << " is not primal - dual " << report.primal - report.dual << "\n";
  }
  if (!(report.gap + rounding >= mine.primal - oracle.primal)) {
    text << "gap reported " << report.gap << " below the distance to the optimum " << mine.primal - oracle.primal << "\n";
  }
  if (!(mine.primal >= oracle.primal - oracle.gap - rounding)) text << "better than the optimum\n";
  // |r - r*|^2 <= 2 gap: an atom whose correlation stays below its threshold all over that ball is zero in every optimum
  // (gap-safe sphere, Fercoq, Gramfort & Salmon 2015).
  const double radius = std::sqrt(2 * (report.gap + oracle.gap + rounding));
  for (std::size_t j = 0; j < w.size(); ++j) {
    if (w[j] == 0) continue;
    double norm = 0;
    for (std::size_t k = 0; k < z.size(); ++k) {
      norm += problem.dictionary[j * z.size() + k] * problem.dictionary[j * z.size() + k];
    }
    const double a = problem.weights.empty() ? 1.0 : problem.weights[j];
    const double reach = std::abs(oracle.correlations[j]) + radius * std::sqrt(norm);
    if (reach < problem.penalty * a) text << "atom " << j << " is provably zero and has weight " << w[j] << "\n";
  }
  return text.str();
}

std::string result_disagreement(const splice_oracle::Problem& problem, const SampleProblem& sample,
                                const DecomposeResult& result) {
  if (std::string wrong = malformed(result.codes); !wrong.empty()) return wrong;
  if (result.codes.rows != sample.rows || result.reports.size() != static_cast<std::size_t>(sample.rows)) {
    return "not one code and one report a row";
  }
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    const RowReport& report = result.reports[static_cast<std::size_t>(i)];
    const std::string where = "row " + std::to_string(i) + ": ";
    if (report.status != RowStatus::certified) return where + std::string(to_string(report.status));
    const std::vector<double> z = oracle_row(sample, i);
    const splice_oracle::Solution oracle = splice_oracle::solve(problem, z, 1e-10);
    const std::string wrong = row_disagreement(problem, z, oracle, dense_row(result.codes, i), report);
    if (!wrong.empty()) return where + wrong;
  }
  return {};
}

std::string malformed(const SparseCodes& codes) {
  if (static_cast<std::int64_t>(codes.row_offsets.size()) != codes.rows + 1) return "wrong number of offsets";
  if (codes.row_offsets.front() != 0 || codes.row_offsets.back() != codes.nnz()) return "offsets do not span the values";
  if (codes.atom_indices.size() != codes.values.size()) return "as many indices as values expected";
  for (std::int64_t i = 0; i < codes.rows; ++i) {
    if (codes.l0(i) < 0) return "offsets descend";
    std::int32_t last = -1;
    for (const std::int32_t atom : codes.row_atoms(i)) {
      if (atom <= last || atom >= codes.cols) return "row " + std::to_string(i) + ": indices out of order or range";
      last = atom;
    }
    for (const float value : codes.row_values(i)) {
      if (!std::isfinite(value) || value == 0) return "row " + std::to_string(i) + ": a zero or non-finite value";
    }
  }
  return {};
}

std::string row_difference(const DecomposeResult& left, std::int64_t left_row, const DecomposeResult& right,
                           std::int64_t right_row) {
  const auto where = "row " + std::to_string(left_row) + " / " + std::to_string(right_row) + ": ";
  const auto l = static_cast<std::size_t>(left_row);
  const auto r = static_cast<std::size_t>(right_row);
  if (left.codes.l0(left_row) != right.codes.l0(right_row)) return where + "l0 differs";
  for (std::size_t k = 0; k < left.codes.row_atoms(left_row).size(); ++k) {
    if (left.codes.row_atoms(left_row)[k] != right.codes.row_atoms(right_row)[k]) return where + "atoms differ";
    if (std::bit_cast<std::uint32_t>(left.codes.row_values(left_row)[k]) !=
        std::bit_cast<std::uint32_t>(right.codes.row_values(right_row)[k])) {
      return where + "weights differ";
    }
  }
  if (!same(left.reports[l], right.reports[r])) return where + "reports differ";
  return {};
}

std::string difference(const DecomposeResult& left, const DecomposeResult& right) {
  if (left.codes.rows != right.codes.rows || left.codes.cols != right.codes.cols) return "shapes differ";
  for (std::int64_t i = 0; i < left.codes.rows; ++i) {
    std::string found = row_difference(left, i, right, i);
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace splice_cuda::testing

#include "splice_cuda/sparsity_curve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/validate.hpp"
#include "experiments/row_direction.hpp"

namespace splice_cuda {
namespace {

/// Codes of all points of a path are held at a time.
constexpr std::int64_t rows_at_once = 1024;

/// The class of the largest logit, of equal ones the first. Logits of a row with a direction are finite.
std::int64_t answer(const std::vector<double>& logits) { return std::max_element(logits.begin(), logits.end()) - logits.begin(); }

double cosine_of(std::span<const float> a, std::span<const float> b) {
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    product += static_cast<double>(a[k]) * static_cast<double>(b[k]);
    squares_a += static_cast<double>(a[k]) * static_cast<double>(a[k]);
    squares_b += static_cast<double>(b[k]) * static_cast<double>(b[k]);
  }
  return squares_b > 0 ? product / std::sqrt(squares_a) / std::sqrt(squares_b) : 0.0;
}

}  // namespace

SparsityCurve::SparsityCurve(const ConceptSpace& space, CurvePath path, const DecomposeOptions& options, const PrepareOptions& prepare,
                             const ZeroShotClassifier* classes)
    : space_(space), path_(std::move(path)), options_(options), prepare_(prepare), classes_(classes), points_(path_.size()) {
  if (path_.l1_penalties.empty() == path_.targets_l0.empty()) {
    fail_argument("path", std::to_string(path_.l1_penalties.size()) + " penalties and " + std::to_string(path_.targets_l0.size()) + " targets",
                  "penalties or targets");
  }
  if (classes != nullptr && classes->dim() != space.dim()) {
    fail_argument("classes", "embeddings of " + std::to_string(classes->dim()) + " numbers", "the dictionary's dimension, " + std::to_string(space.dim()));
  }
}

void SparsityCurve::add(const Context& context, MatrixView<const float> raw, std::span<const std::int32_t> truth) {
  for (std::int64_t first = 0; first < raw.rows; first += rows_at_once) {
    const MatrixView<const float> part = raw.slice(first, std::min(rows_at_once, raw.rows - first));
    const auto part_truth = truth.empty() ? truth : truth.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(part.rows));
    std::vector<DecomposeResult> results;
    if (path_.targets_l0.empty()) {
      results = space_.decompose_path(context, part, path_.l1_penalties, options_, prepare_);
    }
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (!path_.targets_l0.empty()) {
        DecomposeOptions options = options_;
        options.target_l0 = path_.targets_l0[i];
        add_point(context, points_[i], part, space_.decompose(context, part, options, prepare_), part_truth);
      } else {
        add_point(context, points_[i], part, results[i], part_truth);
      }
    }
    rows_ += part.rows;
  }
}

void SparsityCurve::add_point(const Context& context, CurvePoint& point, MatrixView<const float> raw, const DecomposeResult& result,
                              std::span<const std::int32_t> truth) const {
  const auto dim = static_cast<std::size_t>(raw.cols);
  std::vector<float> recomposed(static_cast<std::size_t>(raw.rows) * dim);
  space_.recompose(context, result.codes, {recomposed.data(), raw.rows, raw.cols});
  std::vector<double> logits(classes_ != nullptr ? static_cast<std::size_t>(classes_->size()) : 0);
  for (std::int64_t i = 0; i < raw.rows; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const RowReport& report = result.reports[index];
    if (!has_direction(report.status)) continue;
    const std::span<const float> back(recomposed.data() + index * dim, dim);
    point.l0.add(static_cast<double>(result.codes.l0(i)));
    point.cosine.add(cosine_of({raw.row(i), dim}, back));
    point.l1_penalty.add(report.l1_penalty);
    if (result.codes.l0(i) == 0) ++point.empty;
    if (report.status != RowStatus::certified) ++point.uncertified;
    if (classes_ == nullptr || truth[index] < 0) continue;
    ++point.accuracy.count;
    if (classes_->logits(back, logits) && answer(logits) == truth[index]) ++point.accuracy.hits;
  }
}

void add_answers(const ZeroShotClassifier& classes, MatrixView<const float> rows, std::span<const std::int32_t> truth, Proportion& accuracy) {
  std::vector<double> logits(static_cast<std::size_t>(classes.size()));
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    const std::int32_t label = truth[static_cast<std::size_t>(i)];
    if (label < 0 || !classes.logits({rows.row(i), static_cast<std::size_t>(rows.cols)}, logits)) continue;
    ++accuracy.count;
    if (answer(logits) == label) ++accuracy.hits;
  }
}

double value_at(std::span<const double> xs, std::span<const double> ys, double x) {
  std::map<double, Moments> points;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (std::isfinite(xs[i]) && std::isfinite(ys[i])) points[xs[i]].add(ys[i]);
  }
  const auto above = points.lower_bound(x);
  if (above == points.end()) return std::numeric_limits<double>::quiet_NaN();
  if (above->first == x) return above->second.mean;
  if (above == points.begin()) return std::numeric_limits<double>::quiet_NaN();
  const auto below = std::prev(above);
  const double share = (x - below->first) / (above->first - below->first);
  return below->second.mean + share * (above->second.mean - below->second.mean);
}

ConceptSpace uncentered_space(const ConceptSpace& space) {
  const auto dim = static_cast<std::size_t>(space.dim());
  std::vector<float> atoms(static_cast<std::size_t>(space.size()) * dim);
  space.read_atoms(0, {atoms.data(), space.size(), space.dim()});
  const std::vector<float>& mean = space.text_mean();
  double mean_squares = 0;
  for (const float value : mean) mean_squares += static_cast<double>(value) * static_cast<double>(value);
  if (mean_squares >= 1) fail_argument("space", "a text mean of length " + number_text(std::sqrt(mean_squares)), "one shorter than 1, a mean of unit vectors");
  for (std::size_t j = 0; j < static_cast<std::size_t>(space.size()) && !mean.empty(); ++j) {
    const std::span<float> atom(atoms.data() + j * dim, dim);
    double squares = 0;
    double product = 0;
    for (std::size_t k = 0; k < dim; ++k) {
      squares += static_cast<double>(atom[k]) * static_cast<double>(atom[k]);
      product += static_cast<double>(atom[k]) * static_cast<double>(mean[k]);
    }
    if (squares == 0) continue;
    // |m + s c|^2 = 1: the positive root of a quadratic.
    const double scale = (std::sqrt(product * product + squares * (1 - mean_squares)) - product) / squares;
    for (std::size_t k = 0; k < dim; ++k) atom[k] = static_cast<float>(static_cast<double>(mean[k]) + scale * static_cast<double>(atom[k]));
  }
  return ConceptSpace::from_atoms(MatrixView<const float>(atoms.data(), space.size(), space.dim()), space.names());
}

}  // namespace splice_cuda

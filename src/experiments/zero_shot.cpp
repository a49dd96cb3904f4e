#include "splice_cuda/zero_shot.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// fp64 holds the squares of any float; 0 for a row without a direction.
double length_of(std::span<const float> row) {
  double sum = 0;
  for (const float value : row) sum += static_cast<double>(value) * value;
  return std::isfinite(sum) ? std::sqrt(sum) : 0;
}

}  // namespace

ZeroShotClassifier::ZeroShotClassifier(std::vector<std::string> names, MatrixView<const float> rows)
    : names_(std::move(names)), dim_(rows.cols) {
  if (rows.rows != size()) {
    throw ArgumentError("classes: got " + std::to_string(size()) + " names for " + std::to_string(rows.rows) + " embeddings; expected one a row");
  }
  if (size() < 2) throw ArgumentError("classes: got " + std::to_string(size()) + "; expected at least two to choose from");
  std::set<std::string> seen;
  for (const std::string& name : names_) {
    if (!seen.insert(name).second) throw ArgumentError("classes: got '" + name + "' twice; expected different names");
  }
  const auto classes = static_cast<std::size_t>(size());
  columns_.resize(classes * static_cast<std::size_t>(dim_));
  for (std::size_t c = 0; c < classes; ++c) {
    const std::span<const float> row(rows.row(static_cast<std::int64_t>(c)), static_cast<std::size_t>(dim_));
    const double length = length_of(row);
    if (length == 0) throw ArgumentError("classes: got an embedding of '" + names_[c] + "' that is zero or not finite; expected a direction");
    for (std::size_t k = 0; k < row.size(); ++k) columns_[k * classes + c] = row[k] / length;
  }
}

bool ZeroShotClassifier::logits(std::span<const float> row, std::span<double> logits) const {
  if (static_cast<std::int64_t>(row.size()) != dim_ || static_cast<std::int64_t>(logits.size()) != size()) {
    throw ArgumentError("row: got " + std::to_string(row.size()) + " numbers and room for " + std::to_string(logits.size()) + " classes; expected " +
                        std::to_string(dim_) + " and " + std::to_string(size()));
  }
  std::fill(logits.begin(), logits.end(), 0.0);
  const double length = length_of(row);
  if (length == 0) return false;
  for (std::size_t k = 0; k < row.size(); ++k) {
    const double* column = columns_.data() + k * logits.size();
    for (std::size_t c = 0; c < logits.size(); ++c) logits[c] += row[k] * column[c];
  }
  for (double& logit : logits) logit /= length;
  return true;
}

std::vector<std::int32_t> largest_indices(std::span<const double> values, std::int64_t count) {
  std::vector<std::int32_t> indices(values.size());
  std::iota(indices.begin(), indices.end(), 0);
  const auto value_of = [&](std::int32_t index) {
    const double value = values[static_cast<std::size_t>(index)];
    return std::isnan(value) ? -std::numeric_limits<double>::infinity() : value;
  };
  const auto shown = std::clamp<std::int64_t>(count, 0, static_cast<std::int64_t>(indices.size()));
  std::partial_sort(indices.begin(), indices.begin() + shown, indices.end(), [&](std::int32_t a, std::int32_t b) {
    const double first = value_of(a);
    const double second = value_of(b);
    return first != second ? first > second : a < b;
  });
  indices.resize(static_cast<std::size_t>(shown));
  return indices;
}

double Proportion::value() const noexcept { return count == 0 ? not_known : static_cast<double>(hits) / static_cast<double>(count); }

double Proportion::standard_error() const noexcept {
  return count < 2 ? not_known : std::sqrt(value() * (1 - value()) / static_cast<double>(count));
}

ClassificationTally::ClassificationTally(std::int64_t classes, std::int64_t top) : classes_(classes), top_(top) {
  if (classes < 1) throw ArgumentError("classes: got " + std::to_string(classes) + "; expected at least one");
  if (top < 1) throw ArgumentError("top: got " + std::to_string(top) + "; expected at least 1");
  of_class_.resize(static_cast<std::size_t>(classes));
}

void ClassificationTally::add(std::int32_t truth, std::span<const std::int32_t> ranking) {
  const auto known = [&](std::int32_t index) { return index >= 0 && index < classes_; };
  if (!known(truth) || ranking.empty() || !known(ranking.front())) {
    throw ArgumentError("truth: got class " + std::to_string(truth) + " and answer " + (ranking.empty() ? "none" : std::to_string(ranking.front())) +
                        "; expected classes below " + std::to_string(classes_));
  }
  Proportion& rows = of_class_[static_cast<std::size_t>(truth)];
  ++rows.count;
  if (ranking.front() == truth) ++rows.hits;
  else ++errors_[{truth, ranking.front()}];
  const auto places = ranking.first(std::min(ranking.size(), static_cast<std::size_t>(top_)));
  if (std::find(places.begin(), places.end(), truth) != places.end()) ++top_hits_;
}

void ClassificationTally::add_unanswered(std::int32_t truth) {
  if (truth < 0 || truth >= classes_) {
    throw ArgumentError("truth: got class " + std::to_string(truth) + "; expected one below " + std::to_string(classes_));
  }
  ++of_class_[static_cast<std::size_t>(truth)].count;
}

Proportion ClassificationTally::accuracy() const {
  Proportion all;
  for (const Proportion& part : of_class_) {
    all.count += part.count;
    all.hits += part.hits;
  }
  return all;
}

Proportion ClassificationTally::top_accuracy() const { return {accuracy().count, top_hits_}; }

double ClassificationTally::balanced_accuracy() const {
  double sum = 0;
  std::int64_t with_rows = 0;
  for (const Proportion& part : of_class_) {
    if (part.count == 0) continue;
    sum += part.value();
    ++with_rows;
  }
  return with_rows == 0 ? not_known : sum / static_cast<double>(with_rows);
}

std::int64_t ClassificationTally::confusions(std::int32_t truth, std::int32_t answer) const {
  if (truth == answer) return of_class(truth).hits;
  const auto place = errors_.find({truth, answer});
  return place == errors_.end() ? 0 : place->second;
}

}  // namespace splice_cuda

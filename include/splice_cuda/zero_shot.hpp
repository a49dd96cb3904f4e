#pragma once

/// @file zero_shot.hpp
/// Zero-shot classification (Radford et al. 2021; arXiv 2402.10376, section 5): a row belongs to the class whose text embedding is
/// nearest; and how often that is right.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// Unit class rows. Embeddings are compared as they are: neither centred nor decomposed.
class ZeroShotClassifier {
 public:
  /// @param names  one a class
  /// @param rows   text embeddings of the classes [names.size(), d], of any length
  /// @throws ArgumentError for another number of names than rows, fewer than two classes, a name twice, a row that is zero or not finite
  ZeroShotClassifier(std::vector<std::string> names, MatrixView<const float> rows);

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(names_.size()); }
  std::int64_t dim() const noexcept { return dim_; }
  const std::vector<std::string>& names() const noexcept { return names_; }

  /// Cosines of a row [dim()] with the classes [size()], in fp64.
  /// @returns false for a row that is zero or not finite: `logits` are then 0
  bool logits(std::span<const float> row, std::span<double> logits) const;

 private:
  std::vector<std::string> names_;
  std::int64_t dim_ = 0;
  std::vector<double> columns_;  ///< unit rows, transposed [dim, size]: sums over dim run beside each other
};

/// The `count` largest values' indices, largest first; of equal values the lower index first. NaN comes last.
std::vector<std::int32_t> largest_indices(std::span<const double> values, std::int64_t count);

/// A share of rows and its standard error.
struct Proportion {
  std::int64_t count = 0;  ///< rows
  std::int64_t hits = 0;

  double value() const noexcept;           ///< NaN where there is no row
  double standard_error() const noexcept;  ///< binomial, sqrt(v (1 - v) / count); NaN for fewer than two rows, of which it says nothing
};

/// Answers against truth, row by row: accuracy, top-k accuracy, per class, confusions.
class ClassificationTally {
 public:
  /// @param top  answers within the first `top` places are counted too (the paper's top 5)
  explicit ClassificationTally(std::int64_t classes, std::int64_t top = 5);

  /// @param truth   class of the row
  /// @param ranking class indices, the answer first; places after `top` are not looked at
  /// @throws ArgumentError for a class that is not there, or an empty ranking
  void add(std::int32_t truth, std::span<const std::int32_t> ranking);
  void add(std::int32_t truth, std::int32_t answer) { add(truth, std::span<const std::int32_t>(&answer, 1)); }
  /// A row without an answer, such as one of zeros: wrong at every place, and no confusion with a class.
  /// @throws ArgumentError for a class that is not there
  void add_unanswered(std::int32_t truth);

  std::int64_t classes() const noexcept { return classes_; }
  std::int64_t top() const noexcept { return top_; }
  Proportion accuracy() const;
  Proportion top_accuracy() const;
  /// Of the rows of one class.
  Proportion of_class(std::int32_t truth) const { return of_class_.at(static_cast<std::size_t>(truth)); }
  /// Mean of the classes' accuracies, over classes with rows; NaN where there is none.
  double balanced_accuracy() const;
  std::int64_t confusions(std::int32_t truth, std::int32_t answer) const;
  /// Wrong answers that occurred, by truth and answer, and how often.
  const std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t>& errors() const noexcept { return errors_; }

 private:
  std::int64_t classes_;
  std::int64_t top_;
  std::int64_t top_hits_ = 0;
  std::vector<Proportion> of_class_;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> errors_;  ///< by truth and answer; most pairs never occur
};

}  // namespace splice_cuda

#pragma once

/// @file probe.hpp
/// Linear probes (arXiv 2402.10376, section 5 and tables 3, 4 and 7): logistic regression on codes or embeddings, whose coefficients can
/// be edited.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "splice_cuda/codes.hpp"

namespace splice_cuda {

enum class ProbePenalty : std::uint8_t { l1, l2 };

/// Minimises  |w|_1 (l1) or 1/2 |w|^2 (l2), plus cost * sum_i log(1 + exp(-y_i (x_i.w + b)));  where there are three classes or more,
/// one such problem a class against all others. The intercept b is a coefficient like the others, of a column of ones, and is penalised with
/// them: the problem of scikit-learn's LogisticRegression(solver="liblinear", C=cost), whose solver it also is (Fan et al. 2008).
struct ProbeOptions {
  ProbePenalty penalty = ProbePenalty::l1;
  double cost = 1;          ///< > 0: the larger, the less the penalty counts
  double tolerance = 1e-4;  ///< liblinear's stopping rule, > 0
  bool intercept = true;
  std::uint32_t seed = 0;   ///< of the order of coordinates: it does not change the optimum
};

/// Rows to train on. Held in memory, 16 bytes a non-zero number: that is what the solver reads.
class ProbeRows {
 public:
  /// @param columns  numbers in a row: atoms, or the embeddings' dim
  explicit ProbeRows(std::int64_t columns);
  ~ProbeRows();
  ProbeRows(ProbeRows&&) noexcept;
  ProbeRows& operator=(ProbeRows&&) noexcept;

  /// @param label  class, >= 0
  /// @param atoms  ascending, with a value each
  /// @throws ArgumentError for an atom or a label out of range, atoms that do not ascend, values that are not finite; OutOfMemoryError
  void add(std::int32_t label, std::span<const std::int32_t> atoms, std::span<const float> values);
  /// A dense row [columns].
  void add(std::int32_t label, std::span<const float> row);

  std::int64_t columns() const noexcept;
  std::int64_t rows() const noexcept;
  std::int64_t nnz() const noexcept;

 private:
  friend class LinearProbe;
  struct State;
  std::unique_ptr<State> state_;
};

/// One linear score a class; the class of the largest one is the answer (ties: the lowest class).
class LinearProbe {
 public:
  /// @param classes  number of classes; those without a row have no score and are never answered
  /// @throws ArgumentError for options out of range, labels >= classes, rows of fewer than two classes; OutOfMemoryError
  /// (training takes as much memory again as the rows); DeviceError where liblinear is absent. Calls from several threads wait for each other: the solver's random numbers are the
  /// process's (srand).
  static LinearProbe train(const ProbeRows& rows, std::int64_t classes, const ProbeOptions& options = {});

  std::int64_t classes() const noexcept { return classes_; }
  std::int64_t columns() const noexcept { return columns_; }
  /// Whether the class had rows in training.
  bool knows(std::int32_t class_index) const { return known_.at(static_cast<std::size_t>(class_index)); }
  /// Of two classes, those of the second are those of the first with the other sign.
  double coefficient(std::int32_t class_index, std::int64_t column) const;
  double intercept(std::int32_t class_index) const { return intercepts_.at(static_cast<std::size_t>(class_index)); }
  /// Columns with a coefficient other than 0 in any class.
  std::int64_t used_columns() const;

  /// Scores of each class, -infinity for those that are not known. @throws ArgumentError for columns that are not there
  std::vector<double> scores(std::span<const std::int32_t> atoms, std::span<const float> values) const;
  std::vector<double> scores(std::span<const float> row) const;

  /// The same probe with the coefficients of these columns 0 for every class, as the paper edits its probes.
  /// @throws ArgumentError for columns that are not there
  LinearProbe without(std::span<const std::int32_t> columns) const;

 private:
  LinearProbe(std::int64_t classes, std::int64_t columns);

  std::int64_t classes_;
  std::int64_t columns_;
  std::vector<bool> known_;
  std::vector<double> coefficients_;  ///< [columns, classes]
  std::vector<double> intercepts_;    ///< [classes]
};

}  // namespace splice_cuda

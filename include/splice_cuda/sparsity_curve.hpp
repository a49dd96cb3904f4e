#pragma once

/// @file sparsity_curve.hpp
/// What embeddings keep when a code of few concepts stands for them (arXiv 2402.10376, figure 3).

#include <cstdint>
#include <span>
#include <vector>

#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/moments.hpp"
#include "splice_cuda/zero_shot.hpp"

namespace splice_cuda {

/// Penalties, or numbers of concepts; one of the two.
struct CurvePath {
  std::vector<float> l1_penalties;       ///< descending
  std::vector<std::int32_t> targets_l0;  ///< most concepts a row

  std::size_t size() const noexcept { return l1_penalties.size() + targets_l0.size(); }
};

/// One point of a curve, over rows that have a direction.
struct CurvePoint {
  Moments l0;          ///< concepts a row
  Moments cosine;      ///< of the recomposed row and the row as it was given, not centred
  Moments l1_penalty;  ///< each row's own, where there is a target
  Proportion accuracy; ///< zero-shot, of the recomposed rows that have a class
  std::int64_t empty = 0;        ///< rows without a concept
  std::int64_t uncertified = 0;  ///< rows whose certificate misses its tolerance
};

/// Decomposes rows at each point of a path, recomposes and classifies them. Nothing is kept of them.
class SparsityCurve {
 public:
  /// @param space    atoms and mean
  /// @param path     at least one point
  /// @param options  the problem; penalty and target are replaced
  /// @param classes  of length space.dim(); null: no accuracy
  /// @throws ArgumentError for an empty path, both kinds of points, or classes of another length
  SparsityCurve(const ConceptSpace& space, CurvePath path, const DecomposeOptions& options, const PrepareOptions& prepare,
                const ZeroShotClassifier* classes);

  /// @param raw    [n, d] on the host
  /// @param truth  class of each row, -1 for none; [n], or empty without classes
  void add(const Context& context, MatrixView<const float> raw, std::span<const std::int32_t> truth);

  const std::vector<CurvePoint>& points() const noexcept { return points_; }
  const CurvePath& path() const noexcept { return path_; }
  std::int64_t rows() const noexcept { return rows_; }
  /// Rows that are zero, not finite, or equal to the mean: in no point.
  std::int64_t left_out() const noexcept { return rows_ - points_.front().l0.count; }

 private:
  void add_point(const Context& context, CurvePoint& point, MatrixView<const float> raw, const DecomposeResult& result,
                 std::span<const std::int32_t> truth) const;

  const ConceptSpace& space_;
  CurvePath path_;
  DecomposeOptions options_;
  PrepareOptions prepare_;
  const ZeroShotClassifier* classes_;
  std::vector<CurvePoint> points_;
  std::int64_t rows_ = 0;
};

/// Zero-shot answers for rows as they are. Rows without a class and, as in a curve, those without a direction (zeros, NaN, infinity) are passed over.
void add_answers(const ZeroShotClassifier& classes, MatrixView<const float> rows, std::span<const std::int32_t> truth, Proportion& accuracy);

/// The y of a curve at `x`, on straight lines between its points (given in any order; of points with equal x, their mean); NaN outside, and
/// for points that are NaN.
double value_at(std::span<const double> xs, std::span<const double> ys, double x);

/// The space without centring: its atoms as they were before the text mean m was subtracted, t = m + s c with the s > 0 that gives |t| = 1,
/// and no image mean. A space without a text mean keeps its atoms.
/// @throws ArgumentError for a text mean of length 1 or more, which is no mean of unit vectors
ConceptSpace uncentered_space(const ConceptSpace& space);

}  // namespace splice_cuda

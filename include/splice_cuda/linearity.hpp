#pragma once

/// @file linearity.hpp
/// Is the embedding of two things together the sum of their embeddings? (arXiv 2402.10376, section 3: what makes a sparse sum of
/// concepts a model of an embedding.)

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/sample_mean.hpp"

namespace splice_cuda {

enum class TripleStatus : std::uint8_t {
  fitted,
  parallel,      ///< first and second point the same or opposite ways (sine < 1e-6): the weights are not determined
  no_direction,  ///< one of the three is zero or not finite, or lies in the mean
};

/// Least squares z_joint ~ w_1 z_first + w_2 z_second on unit vectors. NaN unless fitted.
struct TripleFit {
  double first = std::numeric_limits<double>::quiet_NaN();   ///< w_1
  double second = std::numeric_limits<double>::quiet_NaN();  ///< w_2
  double cosine = std::numeric_limits<double>::quiet_NaN();  ///< of z_joint and w_1 z_first + w_2 z_second; 0 where that is zero
  TripleStatus status = TripleStatus::no_direction;
};

/// One triple of unit vectors of one length, by the 2 x 2 normal equations in fp64.
TripleFit fit_triple(std::span<const double> joint, std::span<const double> first, std::span<const double> second);

struct Linearity {
  std::vector<TripleFit> raw;       ///< [n] of normalise(e)
  std::vector<TripleFit> centered;  ///< [n] of normalise(normalise(e) - mean); empty without a mean
  /// The same joint rows, fitted by the first and second of another triple: what chance gives. Empty where n < 2.
  std::vector<TripleFit> raw_baseline;
  std::vector<TripleFit> centered_baseline;
  std::vector<std::int64_t> partner;  ///< [n] that other triple; empty where n < 2
};

/// @param joint, first, second  embeddings [n, d], not normalised: row i of each belongs to triple i
/// @param mean  [d] of unit embeddings, or empty
/// @param seed  of the partners: a random cycle, so that no triple is its own
/// @throws ArgumentError for shapes that do not fit
Linearity linearity(MatrixView<const float> joint, MatrixView<const float> first, MatrixView<const float> second,
                    std::span<const float> mean, std::uint64_t seed);

struct LinearitySummary {
  std::int64_t fitted = 0;
  std::int64_t parallel = 0;
  std::int64_t no_direction = 0;
  SampleMean first, second, sum, cosine;  ///< of the fitted triples; sum = w_1 + w_2
};
LinearitySummary summarize(std::span<const TripleFit> fits);

}  // namespace splice_cuda

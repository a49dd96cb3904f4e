#pragma once

/// @file modality_gap.hpp
/// How far images and texts of one model lie apart, before and after each is centred (Liang et al. 2022; arXiv 2402.10376, figure 7).

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

struct ModalityGapOptions {
  /// Most pairs of a kind that are looked at one by one, for spread and histogram; all where there are no more. >= 1
  std::int64_t most_pairs = 200000;
  std::int32_t bins = 40;  ///< of equal width from -1 to 1; 1 to 100,000
  std::uint64_t seed = 0;
};

/// A figure and its standard error (jackknife over rows); NaN where there are too few rows.
struct JackknifeEstimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();
};

/// Cosines of pairs of different rows.
struct PairCosineSummary {
  std::int64_t pairs = 0;            ///< there are
  std::int64_t drawn = 0;            ///< looked at for sd and counts: all, or most_pairs of them at random with replacement
  JackknifeEstimate mean;            ///< of all pairs, exact
  double sd = std::numeric_limits<double>::quiet_NaN();  ///< of the drawn ones
  std::vector<std::int64_t> counts;  ///< [bins] bin b holds -1 + 2 b / bins <= cosine < -1 + 2 (b + 1) / bins, the last also 1
};

struct ModalityGapStage {
  std::int64_t images = 0;  ///< rows with a direction
  std::int64_t texts = 0;
  PairCosineSummary image_image;
  PairCosineSummary text_text;
  PairCosineSummary image_text;  ///< of rows that do not belong together, where they are paired
  PairCosineSummary matched;     ///< image i and text i; empty unless paired
  JackknifeEstimate distance;    ///< |mean of unit images - mean of unit texts|
};

struct ModalityGap {
  ModalityGapStage raw;       ///< of normalise(e)
  ModalityGapStage centered;  ///< of normalise(normalise(e) - mean of its modality), the means taken as given
};

/// Mean of the unit rows that have a direction, [d]; zeros where none has.
std::vector<float> mean_direction(MatrixView<const float> rows);

/// Means of pairs by sums: sum over i != j of z_i . z_j = |S|^2 - n, S the sum of the unit rows. Time O((n + m) d + pairs d), memory
/// 8 d (n + m) bytes.
/// @param images, texts  [n, d] and [m, d], not normalised
/// @param image_mean, text_mean  [d] each, or both empty: `centered` then is too
/// @param paired  n = m, and row i of both belong together: where one has no direction both are left out
/// @throws ArgumentError
ModalityGap modality_gap(MatrixView<const float> images, MatrixView<const float> texts, std::span<const float> image_mean,
                         std::span<const float> text_mean, bool paired, const ModalityGapOptions& options = {});

}  // namespace splice_cuda

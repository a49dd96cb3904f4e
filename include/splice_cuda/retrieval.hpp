#pragma once

/// @file retrieval.hpp
/// Images and texts that find each other among others (arXiv 2402.10376, retrieval in batches of 1,024).

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/sample_mean.hpp"

namespace splice_cuda {

/// Where the right one stands in a gallery sorted by falling cosine.
struct RetrievalRank {
  std::int64_t greater = 0;  ///< others with a larger cosine
  std::int64_t equal = 0;    ///< others with the same
};

/// Chance that the right one is among the first k when equals are put in random order: min(1, max(0, (k - greater) / (equal + 1))).
/// 0 or 1 where there is no equal.
double hit_chance(const RetrievalRank& rank, std::int64_t k);

struct BatchRanks {
  std::vector<RetrievalRank> image_to_text;  ///< [n] each image among all texts of the batch
  std::vector<RetrievalRank> text_to_image;  ///< [n] each text among all images
};

/// Row i of both belong together. Cosines in fp64. A row of zeros has the cosine 0 with all, and so chance's rank.
/// @param images, texts  [n, d], not normalised; finite
/// @param cancel  asked for each image; true stops the call; may be empty
/// @throws ArgumentError for other shapes, and for NaN and infinity (names the row); CancelledError
BatchRanks rank_batch(MatrixView<const float> images, MatrixView<const float> texts, const std::function<bool()>& cancel = {});

/// Recall over batches.
class RetrievalTally {
 public:
  static constexpr std::array<std::int64_t, 3> ks = {1, 5, 10};

  void add(const BatchRanks& ranks);
  std::int64_t rows() const noexcept { return static_cast<std::int64_t>(image_to_text_.size()); }
  /// Mean of hit_chance over all rows; its error takes the rows as independent, given their galleries.
  SampleMean image_to_text(std::int64_t k) const;
  SampleMean text_to_image(std::int64_t k) const;

 private:
  std::vector<RetrievalRank> image_to_text_;
  std::vector<RetrievalRank> text_to_image_;
};

}  // namespace splice_cuda

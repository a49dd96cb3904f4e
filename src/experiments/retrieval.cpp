#include "splice_cuda/retrieval.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/validate.hpp"
#include "experiments/check_cancel.hpp"
#include "experiments/directions.hpp"

namespace splice_cuda {
namespace {

void check_finite(const char* name, MatrixView<const float> rows) {
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    if (std::all_of(rows.row(i), rows.row(i) + rows.cols, [](float value) { return std::isfinite(value); })) continue;
    fail_argument(name, "NaN or infinity in row " + std::to_string(i), "finite rows");
  }
}

void count(RetrievalRank& rank, double right, double other) {
  if (other > right) ++rank.greater;
  else if (other == right) ++rank.equal;
}

SampleMean recall(const std::vector<RetrievalRank>& ranks, std::int64_t k) {
  std::vector<double> hits;
  hits.reserve(ranks.size());
  for (const RetrievalRank& rank : ranks) hits.push_back(hit_chance(rank, k));
  return sample_mean(hits);
}

}  // namespace

double hit_chance(const RetrievalRank& rank, std::int64_t k) {
  return std::clamp(static_cast<double>(k - rank.greater) / static_cast<double>(rank.equal + 1), 0.0, 1.0);
}

BatchRanks rank_batch(MatrixView<const float> images, MatrixView<const float> texts, const std::function<bool()>& cancel) {
  check_rows("images", images, -1, images.cols);
  check_rows("texts", texts, images.rows, images.cols);
  check_finite("images", images);
  check_finite("texts", texts);
  const Directions image_rows(images, {});
  const Directions text_rows(texts, {});
  const std::int64_t n = images.rows;
  const auto cosine = [&](std::int64_t image, std::int64_t text) {
    return image_rows.has(image) && text_rows.has(text) ? image_rows.cosine(image, text_rows, text) : 0.0;
  };
  std::vector<double> right(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) right[static_cast<std::size_t>(i)] = cosine(i, i);
  BatchRanks ranks{std::vector<RetrievalRank>(right.size()), std::vector<RetrievalRank>(right.size())};
  for (std::int64_t image = 0; image < n; ++image) {
    check_cancel(cancel);
    for (std::int64_t text = 0; text < n; ++text) {
      if (image == text) continue;
      const auto i = static_cast<std::size_t>(image);
      const auto t = static_cast<std::size_t>(text);
      const double both = cosine(image, text);
      count(ranks.image_to_text[i], right[i], both);
      count(ranks.text_to_image[t], right[t], both);
    }
  }
  return ranks;
}

void RetrievalTally::add(const BatchRanks& ranks) {
  image_to_text_.insert(image_to_text_.end(), ranks.image_to_text.begin(), ranks.image_to_text.end());
  text_to_image_.insert(text_to_image_.end(), ranks.text_to_image.begin(), ranks.text_to_image.end());
}

SampleMean RetrievalTally::image_to_text(std::int64_t k) const { return recall(image_to_text_, k); }
SampleMean RetrievalTally::text_to_image(std::int64_t k) const { return recall(text_to_image_, k); }

}  // namespace splice_cuda

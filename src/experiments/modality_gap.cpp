#include "splice_cuda/modality_gap.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/validate.hpp"
#include "experiments/check_cancel.hpp"
#include "experiments/directions.hpp"
#include "experiments/jackknife.hpp"
#include "experiments/random_draws.hpp"
#include "splice_cuda/moments.hpp"
#include "splice_cuda/sample_mean.hpp"

namespace splice_cuda {
namespace {

constexpr std::int64_t pairs_between_checks = 1024;

/// Spread and histogram out of cosines, one by one.
class CosineCounter {
 public:
  CosineCounter(PairCosineSummary& summary, const ModalityGapOptions& options) : summary_(summary), bins_(options.bins), cancel_(options.cancel) {
    summary_.counts.assign(static_cast<std::size_t>(bins_), 0);
  }
  void add(double cosine) {
    if (moments_.count % pairs_between_checks == 0) check_cancel(cancel_);
    const auto bin = static_cast<std::int64_t>(std::floor((cosine + 1) / 2 * bins_));
    ++summary_.counts[static_cast<std::size_t>(std::clamp<std::int64_t>(bin, 0, bins_ - 1))];
    moments_.add(cosine);
  }
  /// After the last; without any, the summary stays that of none.
  void finish() {
    if (moments_.count == 0) return;
    summary_.drawn = moments_.count;
    summary_.sd = std::sqrt(moments_.variance());
  }

 private:
  PairCosineSummary& summary_;
  std::int32_t bins_;
  const std::function<bool()>& cancel_;
  Moments moments_;
};

struct Stage {
  const Directions& images;
  const Directions& texts;
  Rows image_rows;
  Rows text_rows;
  bool paired;
  const ModalityGapOptions& options;
  RandomBits random;
};

std::int64_t count_of(const Rows& rows) { return static_cast<std::int64_t>(rows.size()); }

void within(const Directions& z, const Rows& rows, Stage& stage, PairCosineSummary& summary) {
  const std::int64_t n = count_of(rows);
  summary.pairs = n * (n - 1) / 2;
  summary.mean = mean_within(z, rows);
  CosineCounter counter(summary, stage.options);
  const auto add = [&](std::int64_t i, std::int64_t j) { counter.add(z.cosine(rows[static_cast<std::size_t>(i)], z, rows[static_cast<std::size_t>(j)])); };
  if (summary.pairs <= stage.options.most_pairs) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = i + 1; j < n; ++j) add(i, j);
    }
  } else {
    for (std::int64_t drawn = 0; drawn < stage.options.most_pairs; ++drawn) {
      const DrawnPair pair = draw_pair(stage.random, n);
      add(pair.first, pair.second);
    }
  }
  counter.finish();
}

void between(Stage& stage, PairCosineSummary& summary) {
  const std::int64_t n = count_of(stage.image_rows);
  const std::int64_t m = count_of(stage.text_rows);
  summary.pairs = stage.paired ? n * (n - 1) : n * m;
  summary.mean = stage.paired ? mean_unmatched(stage.images, stage.texts, stage.image_rows)
                              : mean_between(stage.images, stage.image_rows, stage.texts, stage.text_rows);
  CosineCounter counter(summary, stage.options);
  const auto add = [&](std::int64_t i, std::int64_t j) {
    counter.add(stage.images.cosine(stage.image_rows[static_cast<std::size_t>(i)], stage.texts, stage.text_rows[static_cast<std::size_t>(j)]));
  };
  if (summary.pairs <= stage.options.most_pairs) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < m; ++j) {
        if (!stage.paired || i != j) add(i, j);
      }
    }
  } else {
    for (std::int64_t drawn = 0; drawn < stage.options.most_pairs; ++drawn) {
      if (stage.paired) {
        const DrawnPair pair = draw_pair(stage.random, n);
        add(pair.first, pair.second);
      } else {
        const std::int64_t image = draw_below(stage.random, n);
        add(image, draw_below(stage.random, m));
      }
    }
  }
  counter.finish();
}

void matched(Stage& stage, PairCosineSummary& summary) {
  CosineCounter counter(summary, stage.options);
  if (!stage.paired) return;
  std::vector<double> cosines;
  for (const std::int64_t row : stage.image_rows) {
    cosines.push_back(stage.images.cosine(row, stage.texts, row));
    counter.add(cosines.back());
  }
  counter.finish();
  const SampleMean spread = sample_mean(cosines);
  summary.pairs = spread.count;
  summary.mean = {spread.mean, spread.standard_error};
}

ModalityGapStage stage_of(const Directions& images, const Directions& texts, bool paired, const ModalityGapOptions& options) {
  Stage stage{images, texts, {}, {}, paired, options, RandomBits(options.seed)};
  for (std::int64_t i = 0; i < images.rows(); ++i) {
    if (images.has(i) && (!paired || texts.has(i))) stage.image_rows.push_back(i);
  }
  for (std::int64_t i = 0; i < texts.rows(); ++i) {
    if (texts.has(i) && (!paired || images.has(i))) stage.text_rows.push_back(i);
  }
  ModalityGapStage result;
  result.images = count_of(stage.image_rows);
  result.texts = count_of(stage.text_rows);
  within(images, stage.image_rows, stage, result.image_image);
  within(texts, stage.text_rows, stage, result.text_text);
  between(stage, result.image_text);
  matched(stage, result.matched);
  result.distance = distance_of_means(images, stage.image_rows, texts, stage.text_rows, paired);
  return result;
}

}  // namespace

std::vector<float> mean_direction(MatrixView<const float> rows) {
  check_rows("rows", rows, -1, rows.cols);
  std::vector<double> sum(static_cast<std::size_t>(rows.cols), 0.0);
  std::vector<double> unit(sum.size());
  std::int64_t counted = 0;
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    if (!direction({rows.row(i), sum.size()}, {}, unit)) continue;
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += unit[k];
    ++counted;
  }
  std::vector<float> mean;
  for (const double value : sum) mean.push_back(counted > 0 ? static_cast<float>(value / static_cast<double>(counted)) : 0.0f);
  return mean;
}

ModalityGap modality_gap(MatrixView<const float> images, MatrixView<const float> texts, std::span<const float> image_mean,
                         std::span<const float> text_mean, bool paired, const ModalityGapOptions& options) {
  check_rows("images", images, -1, images.cols);
  check_rows("texts", texts, paired ? images.rows : -1, images.cols);
  check_mean("image_mean", image_mean, images.cols);
  check_mean("text_mean", text_mean, images.cols);
  if (image_mean.empty() != text_mean.empty()) fail_argument("text_mean", "a mean of one modality alone", "both or none");
  if (options.most_pairs < 1) fail_argument("most_pairs", std::to_string(options.most_pairs), "at least 1");
  if (options.bins < 1 || options.bins > 100000) fail_argument("bins", std::to_string(options.bins), "1 to 100000");
  ModalityGap gap;
  gap.raw = stage_of(Directions(images, {}), Directions(texts, {}), paired, options);
  if (!image_mean.empty()) gap.centered = stage_of(Directions(images, image_mean), Directions(texts, text_mean), paired, options);
  return gap;
}

}  // namespace splice_cuda

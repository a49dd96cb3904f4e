// Geometry of embeddings: zero-shot answers, linearity, modality gap, cosines of pairs, retrieval.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "experiments/module.hpp"
#include "splice_cuda/linearity.hpp"
#include "splice_cuda/modality_gap.hpp"
#include "splice_cuda/pair_cosines.hpp"
#include "splice_cuda/retrieval.hpp"
#include "splice_cuda/zero_shot.hpp"

namespace splice_cuda::python {
namespace {

using Doubles = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

std::span<const float> span_of(const List<float>& list) { return {list.data(), list.shape(0)}; }

/// Cosines with each class into `out` [n, classes]; NaN for rows without a direction.
void zero_shot(const Matrix& embeddings, const Matrix& classes, const Doubles& out) {
  const MatrixView<const float> rows = view_of(embeddings);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < classes.shape(0); ++i) names.push_back("class " + std::to_string(i));
  const nb::gil_scoped_release released;
  const ZeroShotClassifier classifier(std::move(names), view_of(classes));
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const std::span<double> logits(out.data() + row * classifier.size(), static_cast<std::size_t>(classifier.size()));
    if (classifier.logits({rows.row(row), static_cast<std::size_t>(rows.cols)}, logits)) continue;
    for (double& logit : logits) logit = std::numeric_limits<double>::quiet_NaN();
  }
}

nb::tuple fits(const std::vector<TripleFit>& triples) {
  std::vector<double> first, second, cosine;
  for (const TripleFit& fit : triples) {
    first.push_back(fit.first);
    second.push_back(fit.second);
    cosine.push_back(fit.cosine);
  }
  return nb::make_tuple(owned_array(std::move(first)), owned_array(std::move(second)), owned_array(std::move(cosine)));
}

nb::dict linearity_of(const Matrix& joint, const Matrix& first, const Matrix& second, const List<float>& mean, std::uint64_t seed) {
  Linearity found;
  {
    const nb::gil_scoped_release released;
    found = linearity(view_of(joint), view_of(first), view_of(second), span_of(mean), seed);
  }
  nb::dict dict;
  dict["raw"] = fits(found.raw);
  dict["centered"] = fits(found.centered);
  dict["raw_baseline"] = fits(found.raw_baseline);
  dict["centered_baseline"] = fits(found.centered_baseline);
  return dict;
}

nb::dict pairs_dict(const PairCosineSummary& pairs) {
  nb::dict dict;
  dict["pairs"] = pairs.pairs;
  dict["mean"] = pairs.mean.value;
  dict["standard_error"] = pairs.mean.standard_error;
  dict["sd"] = pairs.sd;
  dict["counts"] = owned_array(pairs.counts);
  return dict;
}

nb::dict stage_dict(const ModalityGapStage& stage) {
  nb::dict dict;
  dict["images"] = stage.images;
  dict["texts"] = stage.texts;
  dict["image_image"] = pairs_dict(stage.image_image);
  dict["text_text"] = pairs_dict(stage.text_text);
  dict["image_text"] = pairs_dict(stage.image_text);
  dict["matched"] = pairs_dict(stage.matched);
  dict["distance"] = stage.distance.value;
  dict["distance_standard_error"] = stage.distance.standard_error;
  return dict;
}

nb::tuple gap_of(const Matrix& images, const Matrix& texts, const List<float>& image_mean, const List<float>& text_mean, bool paired,
                 std::int64_t most_pairs, std::int32_t bins, std::uint64_t seed) {
  ModalityGap gap;
  {
    const nb::gil_scoped_release released;
    gap = modality_gap(view_of(images), view_of(texts), span_of(image_mean), span_of(text_mean), paired, {most_pairs, bins, seed});
  }
  return nb::make_tuple(stage_dict(gap.raw), stage_dict(gap.centered));
}

nb::tuple cosines_of(const Matrix& first, const Matrix& second, const List<float>& mean) {
  PairCosines cosines = pair_cosines(view_of(first), view_of(second), span_of(mean));
  return nb::make_tuple(owned_array(std::move(cosines.raw)), owned_array(std::move(cosines.centered)));
}

/// {k: (image to text, text to image)}, each (count, mean, standard error)
nb::dict recall_of(const Matrix& images, const Matrix& texts, std::int64_t batch) {
  const MatrixView<const float> pictures = view_of(images);
  const MatrixView<const float> captions = view_of(texts);
  RetrievalTally tally;
  {
    const nb::gil_scoped_release released;
    if (pictures.rows != captions.rows) tally.add(rank_batch(pictures, captions));  // which says what is wrong
    for (std::int64_t first = 0; first < pictures.rows; first += batch) {
      const std::int64_t rows = std::min(batch, pictures.rows - first);
      tally.add(rank_batch({pictures.row(first), rows, pictures.cols}, {captions.row(first), rows, captions.cols}));
    }
  }
  nb::dict recall;
  for (const std::int64_t k : RetrievalTally::ks) {
    recall[nb::int_(k)] = nb::make_tuple(moments_tuple(tally.image_to_text(k)), moments_tuple(tally.text_to_image(k)));
  }
  return recall;
}

}  // namespace

void bind_measures(nb::module_& module) {
  using namespace nb::literals;
  module.def("zero_shot", &zero_shot, "embeddings"_a, "classes"_a, "out"_a);
  module.def("linearity", &linearity_of, "joint"_a, "first"_a, "second"_a, "mean"_a, "seed"_a);
  module.def("modality_gap", &gap_of, "images"_a, "texts"_a, "image_mean"_a, "text_mean"_a, "paired"_a, "most_pairs"_a, "bins"_a, "seed"_a);
  module.def("pair_cosines", &cosines_of, "first"_a, "second"_a, "mean"_a);
  module.def("recall", &recall_of, "images"_a, "texts"_a, "batch"_a);
}

}  // namespace splice_cuda::python

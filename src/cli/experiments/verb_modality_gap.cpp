#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/evaluate_verbs.hpp"
#include "cli/experiments/paired_texts.hpp"
#include "cli/numbers_text.hpp"
#include "cli/signals.hpp"
#include "experiments/random_draws.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/modality_gap.hpp"

namespace splice_cuda::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ModalityGapArguments {
  ExperimentArguments experiment;
  PairedTextArguments texts;
  std::string means = "data";
  bool unpaired = false;
  std::int64_t rows = 10000;
  std::int64_t pairs = ModalityGapOptions{}.most_pairs;
  std::int64_t bins = ModalityGapOptions{}.bins;
  std::int64_t seed = 0;
};

/// Both modalities in memory, and the means to subtract.
struct Sample {
  std::vector<float> images, texts;
  std::vector<float> image_mean, text_mean;
  std::int64_t dim = 0;
  std::int64_t unreadable = 0;

  MatrixView<const float> image_rows() const { return {images.data(), static_cast<std::int64_t>(images.size()) / dim, dim}; }
  MatrixView<const float> text_rows() const { return {texts.data(), static_cast<std::int64_t>(texts.size()) / dim, dim}; }
};

void read_texts(PairedTexts& source, std::span<const std::int64_t> records, Sample& sample) {
  std::vector<float> block(records.size() * static_cast<std::size_t>(sample.dim));
  const MatrixView<float> rows(block.data(), static_cast<std::int64_t>(records.size()), sample.dim);
  source.read(records, rows);
  append_rows(sample.texts, rows);
}

Sample read_sample(const ModalityGapArguments& a, ExperimentInputs& inputs, PairedTexts& texts) {
  Sample sample;
  sample.dim = inputs.space().dim();
  RandomBits random(static_cast<std::uint64_t>(a.seed));
  const std::vector<std::int64_t> drawn = draw_sample(random, inputs.rows(), a.rows);
  std::vector<std::int64_t> found;
  inputs.walk([&](std::span<const std::int64_t> records, MatrixView<const float> raw) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (!std::binary_search(drawn.begin(), drawn.end(), records[i])) continue;
      found.push_back(records[i]);
      append_rows(sample.images, raw.slice(static_cast<std::int64_t>(i), 1));
    }
  });
  sample.unreadable = static_cast<std::int64_t>(drawn.size() - found.size());
  read_texts(texts, a.unpaired ? draw_sample(random, texts.size(), a.rows) : found, sample);
  if (a.means == "data") {
    sample.image_mean = mean_direction(sample.image_rows());
    sample.text_mean = mean_direction(sample.text_rows());
    return sample;
  }
  sample.image_mean = inputs.space().image_mean();
  sample.text_mean = inputs.space().text_mean();
  const char* lacking = sample.image_mean.empty() ? "image mean (--image-mean)" : sample.text_mean.empty() ? "text mean" : nullptr;
  if (lacking != nullptr) throw ArgumentError(fmt::format("--means: got 'dictionary', which holds no {}; expected one that does, or data", lacking));
  return sample;
}

struct NamedStage {
  const char* name;
  const ModalityGapStage& stage;
};
struct NamedPairs {
  const char* name;
  const PairCosineSummary& pairs;
};

std::vector<NamedPairs> kinds_of(const ModalityGapStage& stage, bool paired) {
  std::vector<NamedPairs> kinds = {{"image, image", stage.image_image}, {"text, text", stage.text_text}, {"image, text", stage.image_text}};
  if (paired) kinds.push_back({"image, its text", stage.matched});
  return kinds;
}

ResultTable distance_table(const std::vector<NamedStage>& stages) {
  ResultTable table{"distance", "Distance of the means", "Length of the difference between the mean unit image and the mean unit text.", {}, {}};
  table.columns = {{"stage", "embeddings"}, {"images", "images", ColumnKind::integer}, {"texts", "texts", ColumnKind::integer},
                   {"distance", "distance", ColumnKind::number}, {"standard_error", "standard error", ColumnKind::number}};
  for (const NamedStage& named : stages) {
    table.add({named.name, named.stage.images, named.stage.texts, named.stage.distance.value, named.stage.distance.standard_error});
  }
  return table;
}

ResultTable cosine_table(const std::vector<NamedStage>& stages, bool paired) {
  ResultTable table{"cosines", "Cosines of pairs", "", {}, {}};
  table.note = "Means are over all pairs of different rows, with a jackknife error over rows; the standard deviation is that of the pairs looked at.";
  table.columns = {{"stage", "embeddings"}, {"pairs", "pair"}, {"count", "pairs", ColumnKind::integer}, {"looked_at", "looked at", ColumnKind::integer},
                   {"mean", "mean", ColumnKind::number}, {"standard_error", "standard error", ColumnKind::number, 4}, {"sd", "sd", ColumnKind::number}};
  for (const NamedStage& named : stages) {
    for (const NamedPairs& kind : kinds_of(named.stage, paired)) {
      const PairCosineSummary& pairs = kind.pairs;
      table.add({named.name, kind.name, pairs.pairs, pairs.drawn, pairs.mean.value, pairs.mean.standard_error, pairs.sd});
    }
  }
  return table;
}

ResultTable histogram_table(const std::vector<NamedStage>& stages, bool paired) {
  ResultTable table{"histogram", "Distribution of cosines", "Share of the pairs looked at whose cosine lies in [from, to).", {}, {}};
  table.columns = {{"stage", "embeddings"}, {"pairs", "pair"}, {"from", "from", ColumnKind::number}, {"to", "to", ColumnKind::number},
                   {"count", "count", ColumnKind::integer}, {"share", "share", ColumnKind::number, 4}};
  for (const NamedStage& named : stages) {
    for (const NamedPairs& kind : kinds_of(named.stage, paired)) {
      const auto bins = static_cast<double>(kind.pairs.counts.size());
      for (std::size_t bin = 0; bin < kind.pairs.counts.size(); ++bin) {
        const std::int64_t count = kind.pairs.counts[bin];
        const Json share = kind.pairs.drawn > 0 ? Json(static_cast<double>(count) / static_cast<double>(kind.pairs.drawn)) : Json(nullptr);
        table.add({named.name, kind.name, -1 + 2 * static_cast<double>(bin) / bins, -1 + 2 * static_cast<double>(bin + 1) / bins, count, share});
      }
    }
  }
  return table;
}

std::string summary_of(const ModalityGap& gap, const Sample& sample, bool paired) {
  const auto distance = [](const ModalityGapStage& stage) { return with_error(stage.distance.value, stage.distance.standard_error); };
  const auto cosine = [](const PairCosineSummary& pairs) { return with_error(pairs.mean.value, pairs.mean.standard_error); };
  std::string text = fmt::format("The means of images and texts lie {} apart, {} after centring. ", distance(gap.raw), distance(gap.centered));
  if (paired) {
    text += fmt::format("The cosine of an image and its text is {}, {} after centring; of an image and another's text {} and {}.", cosine(gap.raw.matched),
                        cosine(gap.centered.matched), cosine(gap.raw.image_text), cosine(gap.centered.image_text));
  } else {
    text += fmt::format("The cosine of an image and a text is {}, {} after centring.", cosine(gap.raw.image_text), cosine(gap.centered.image_text));
  }
  const std::int64_t zero_images = sample.image_rows().rows - gap.raw.images;
  const std::int64_t zero_texts = sample.text_rows().rows - gap.raw.texts;
  if (zero_images + zero_texts > 0) {
    text += fmt::format(" Left out for zeros, NaN or infinity{}: {} and {}.", paired ? " in image or text" : "", counted(zero_images, "image"),
                        counted(zero_texts, "text"));
  }
  const std::int64_t in_mean = gap.raw.images - gap.centered.images + gap.raw.texts - gap.centered.texts;
  if (in_mean > 0) text += fmt::format(" After centring {} more lie in the mean and have no direction.", grouped(in_mean));
  return text;
}

void check(const ModalityGapArguments& a) {
  check_pairing(a.experiment);
  const std::string unused = given_solver_option(a.experiment.solver);
  if (!unused.empty() || a.experiment.target_l0 > 0) {
    throw ArgumentError(fmt::format("{}: got it, and nothing is decomposed here; expected none", unused.empty() ? "--target-l0" : unused));
  }
  if (a.means != "data" && a.means != "dictionary") throw ArgumentError(fmt::format("--means: got '{}'; expected data or dictionary", a.means));
  if (a.means == "data" && !a.experiment.mean.image_mean.empty()) {
    throw ArgumentError(fmt::format("--image-mean: got '{}' with --means data; expected it with --means dictionary", a.experiment.mean.image_mean));
  }
}

ExitCode evaluate(ModalityGapArguments a) {
  check(a);
  if (a.means == "data") a.experiment.mean.image_mean = "none";
  ExperimentInputs inputs(a.experiment);
  PairedTexts texts(a.texts, inputs, !a.unpaired);
  inputs.check_outputs({}, paired_text_files(a.texts));
  const Sample sample = read_sample(a, inputs, texts);
  ModalityGapOptions options;
  options.most_pairs = a.pairs;
  options.bins = static_cast<std::int32_t>(a.bins);
  options.seed = static_cast<std::uint64_t>(a.seed);
  options.cancel = signals::stop_requested;
  const ModalityGap gap = modality_gap(sample.image_rows(), sample.text_rows(), sample.image_mean, sample.text_mean, !a.unpaired, options);

  ResultDocument document{"evaluate modality-gap", "Gap between images and texts", summary_of(gap, sample, !a.unpaired), inputs.settings(), {}, {}};
  Json& settings = document.settings;
  settings.erase("l1_penalty");
  settings.erase("target_l0");
  settings.erase("centered");
  settings["means"] = a.means;
  settings["paired"] = !a.unpaired;
  settings["rows"] = a.rows;
  settings["pairs"] = a.pairs;
  settings["seed"] = a.seed;
  texts.add_settings(settings);
  const std::vector<NamedStage> stages = {{"raw", gap.raw}, {"centred", gap.centered}};
  document.tables = {distance_table(stages), cosine_table(stages, !a.unpaired), histogram_table(stages, !a.unpaired)};
  ResultChart chart = make_chart("histogram", "Cosines before and after centring",
                                 "Histograms of the cosines of pairs of images, of texts and of both, raw and centred. "
                                 "A gap shows where pairs of one modality lie to the right of those of both.",
                                 ChartKind::histogram, "from", "share");
  chart.x_end = "to";
  chart.series = "pairs";
  chart.facet = "stage";
  document.charts = {std::move(chart)};
  return deliver(document, a.experiment.out, a.experiment.report, 12);
}

}  // namespace

void add_evaluate_modality_gap(CLI::App& evaluate_verbs, Run& chosen) {
  CLI::App* verb = evaluate_verbs.add_subcommand("modality-gap", "Cosines within and between images and texts, before and after centring");
  const auto a = std::make_shared<ModalityGapArguments>();
  a->experiment.takes_texts = true;
  add_experiment_options(*verb, a->experiment);
  add_paired_text_options(*verb, a->texts);
  verb->add_option("--means", a->means, "Means to subtract: those of the data, or the dictionary's (--image-mean names another)")
      ->type_name("data|dictionary")->capture_default_str();
  verb->add_flag("--unpaired", a->unpaired, "Texts do not belong to rows: any number of them");
  add_whole_number(*verb, "--rows", a->rows, 1, 1000000, "Most rows of each modality, at random; all where there are fewer");
  add_whole_number(*verb, "--pairs", a->pairs, 1, 1000000000, "Most pairs of a kind for histogram and spread, at random; all where there are fewer");
  add_whole_number(*verb, "--bins", a->bins, 1, 10000, "Bins of the histogram, from -1 to 1");
  add_whole_number(*verb, "--seed", a->seed, 0, 0x7fffffff, "Of the draws");
  verb->footer("Example:\n  splice evaluate modality-gap -d dict.safetensors --embeddings images.npy --text-embeddings texts.npy --out gap.json");
  verb->callback([a, &chosen] { chosen = [a] { return evaluate(*a); }; });
}

}  // namespace splice_cuda::cli

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "cli/built_by.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/evaluate_verbs.hpp"
#include "cli/experiments/linearity_triples.hpp"
#include "cli/image_mean.hpp"
#include "cli/input_checks.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/linearity.hpp"
#include "splice_cuda/modality_gap.hpp"

namespace splice_cuda::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t most_triples_listed = 1000;

struct LinearityArguments {
  TripleArguments triples;
  std::string dictionary;
  bool any_model = false;
  std::string mean;
  ResourceArguments resources;
  std::string out;
  ReportArguments report;
};

/// What is subtracted from unit embeddings, and whose mean it is.
struct Mean {
  std::vector<float> values;
  std::string source;
};

/// The mean that the dictionary or the model holds for this modality; empty where there is none.
Mean known_mean(const LinearityArguments& a, const Triples& triples, const std::optional<ClipEncoder>& model) {
  std::string dictionary = a.dictionary;
  if (dictionary.empty() && model && model->dictionary_path()) dictionary = model->dictionary_path()->string();
  Mean mean;
  if (!dictionary.empty()) {
    const ConceptSpace space = ConceptSpace::load(dictionary);
    if (model) check_built_by(*model, a.triples.model.model, space, dictionary, a.any_model);
    else check_same_dim(a.triples.embeddings, triples.dim, dictionary, space.dim());
    mean = {triples.texts ? space.text_mean() : space.image_mean(), "dictionary"};
  }
  if (mean.values.empty() && model && !triples.texts) mean = {model->image_mean(), "model"};
  return mean;
}

Mean mean_of(const LinearityArguments& a, const Triples& triples, const std::optional<ClipEncoder>& model) {
  if (a.mean == "none") return {{}, "none"};
  if (a.mean != "data" && !a.mean.empty()) {
    try {
      return {read_mean(a.mean, triples.dim, "the embeddings"), a.mean};
    } catch (const ArgumentError& error) {
      throw ArgumentError(fmt::format("--mean: got '{}'; {}", a.mean, error.what()));
    }
  }
  if (a.mean.empty()) {
    Mean known = known_mean(a, triples, model);
    if (!known.values.empty()) return known;
  }
  std::vector<float> single = triples.first;
  single.insert(single.end(), triples.second.begin(), triples.second.end());
  return {mean_direction({single.data(), 2 * triples.size(), triples.dim}), "data"};
}

struct Fits {
  const char* embeddings;
  const char* pair;
  LinearitySummary summary;
};

std::vector<Fits> fits_of(const Linearity& result) {
  std::vector<Fits> fits = {{"raw", "its own", summarize(result.raw)}, {"raw", "another's", summarize(result.raw_baseline)}};
  if (result.centered.empty()) return fits;
  fits.push_back({"centred", "its own", summarize(result.centered)});
  fits.push_back({"centred", "another's", summarize(result.centered_baseline)});
  return fits;
}

ResultTable weight_table(const std::vector<Fits>& fits) {
  ResultTable table{"weights", "Weights", "", {}, {}};
  table.note = "Least squares z_both = w_first z_first + w_second z_second on unit vectors, and the cosine of both sides. Another's: the pair of another "
               "triple, which is what chance gives.";
  table.columns = {{"embeddings", "embeddings"}, {"pair", "pair"}, {"triples", "triples", ColumnKind::integer},
                   {"weight", "weight of"}, {"mean", "mean", ColumnKind::number}, {"standard_error", "standard error", ColumnKind::number, 4},
                   {"sd", "sd", ColumnKind::number}};
  for (const Fits& fit : fits) {
    const auto add = [&](const char* weight, const SampleMean& moments) {
      table.add({fit.embeddings, fit.pair, fit.summary.fitted, weight, moments.mean, moments.standard_error, moments.sd});
    };
    add("first", fit.summary.first);
    add("second", fit.summary.second);
    add("sum", fit.summary.sum);
    add("cosine of the fit", fit.summary.cosine);
  }
  return table;
}

ResultTable left_out_table(const std::vector<Fits>& fits, const Triples& triples) {
  ResultTable table{"left_out", "Triples left out", "", {}, {}};
  table.columns = {{"embeddings", "embeddings"}, {"pair", "pair"}, {"parallel", "first and second parallel", ColumnKind::integer},
                   {"no_direction", "zeros, NaN or in the mean", ColumnKind::integer}, {"unreadable", "not readable", ColumnKind::integer}};
  for (const Fits& fit : fits) {
    table.add({fit.embeddings, fit.pair, fit.summary.parallel, fit.summary.no_direction, static_cast<std::int64_t>(triples.skipped.size())});
  }
  return table;
}

ResultTable triple_table(const Linearity& result, const Triples& triples) {
  ResultTable table{"triples", "Triples", "", {}, {}};
  if (triples.size() > most_triples_listed) table.note = fmt::format("The first {} of {}.", grouped(most_triples_listed), grouped(triples.size()));
  table.columns = {{"first", "first"}, {"second", "second"}, {"embeddings", "embeddings"}, {"w_first", "weight of first", ColumnKind::number},
                   {"w_second", "weight of second", ColumnKind::number}, {"cosine", "cosine", ColumnKind::number}};
  const auto add = [&](const char* embeddings, const std::vector<TripleFit>& fits) {
    for (std::size_t i = 0; i < std::min(fits.size(), static_cast<std::size_t>(most_triples_listed)); ++i) {
      table.add({triples.first_names[i], triples.second_names[i], embeddings, fits[i].first, fits[i].second, fits[i].cosine});
    }
  };
  add("raw", result.raw);
  add("centred", result.centered);
  return table;
}

std::string summary_of(const std::vector<Fits>& fits, const Triples& triples) {
  if (fits.front().summary.fitted == 0) return fmt::format("None of {} can be fitted.", counted(triples.size(), "triple"));
  std::string text;
  for (std::size_t i = 0; i < fits.size(); i += 2) {
    const LinearitySummary& own = fits[i].summary;
    text += fmt::format("{}{}: both together are {} of the first and {} of the second (sd {:.3f} and {:.3f}), cosine {}; by another's pair cosine {}.",
                        i > 0 ? " " : "", i > 0 ? "Centred" : "Raw", with_error(own.first), with_error(own.second), own.first.sd, own.second.sd,
                        with_error(own.cosine), with_error(fits[i + 1].summary.cosine));
  }
  const LinearitySummary& last = fits[fits.size() - 2].summary;
  const std::int64_t left_out = triples.size() - last.fitted;
  if (left_out > 0) text += fmt::format(" {} left out.", counted(left_out, "triple"));
  if (triples.cut_off > 0) text += fmt::format(" {} longer than the model's context, cut off.", counted(triples.cut_off, "joined text"));
  return text;
}

ExitCode evaluate(const LinearityArguments& a) {
  check_triples(a.triples);
  check_model_options(a.triples.model, a.any_model);
  if (!a.mean.empty() && !a.dictionary.empty()) {
    throw ArgumentError(fmt::format("--dictionary: got '{}' together with --mean; expected only one of them, whose mean is subtracted", a.dictionary));
  }
  TripleSource source = find_triples(a.triples);
  if (!a.out.empty()) {
    std::vector<std::filesystem::path> taken = triple_files(a.triples, source);
    for (const std::string& file : {a.dictionary, a.mean == "none" || a.mean == "data" ? std::string() : a.mean}) {
      if (!file.empty()) taken.emplace_back(file);
    }
    check_output(a.out, taken);
  }
  std::optional<ClipEncoder> model;
  if (!a.triples.model.model.empty()) {
    const ResourceArguments resources = settled_resources(a.resources, a.report.quiet);
    model.emplace(load_model(a.triples.model, resources));
    if (!a.triples.text_pairs.empty()) model->tokenizer();  // says that there is no text tower
  }
  const Triples triples = model ? model_triples(a.triples, std::move(source), *model, a.report.quiet) : stored_triples(a.triples);
  const Mean mean = mean_of(a, triples, model);
  const Linearity result =
      linearity(triples.rows(triples.joint), triples.rows(triples.first), triples.rows(triples.second), mean.values, static_cast<std::uint64_t>(a.triples.seed));
  const std::vector<Fits> fits = fits_of(result);

  ResultDocument document{"evaluate linearity", "Are two things together the sum of both?", summary_of(fits, triples), Json::object(), {}, {}};
  if (model) document.settings["model"] = a.triples.model.model;
  for (const auto& [key, value] : {std::pair("embeddings", a.triples.embeddings), std::pair("first", a.triples.first), std::pair("second", a.triples.second),
                                   std::pair("pairs_file", a.triples.pairs_file), std::pair("text_pairs", a.triples.text_pairs),
                                   std::pair("texts", a.triples.model.texts), std::pair("dataset", a.triples.model.dataset.dataset)}) {
    if (!value.empty()) document.settings[key] = value;
  }
  if (model) document.settings[triples.texts ? "join" : "layout"] = triples.texts ? a.triples.join.value_or(default_join) : a.triples.layout.value_or(default_layout);
  document.settings["triples"] = triples.size();
  document.settings["seed"] = a.triples.seed;
  document.settings["mean"] = mean.source;
  document.settings["skipped"] = Json::array();
  for (const auto* skipped : {&triples.missing, &triples.skipped}) {
    for (const SkippedInput& one : *skipped) document.settings["skipped"].push_back({{"file", one.name}, {"reason", one.reason}});
  }
  document.tables = {weight_table(fits), left_out_table(fits, triples), triple_table(result, triples)};
  ResultChart chart = make_chart("weights", "Weights of first and second",
                                 "A point a triple. Where two things together are half of each, points lie about (0.5, 0.5).", ChartKind::points,
                                 "w_first", "w_second");
  chart.table = "triples";
  chart.facet = "embeddings";
  document.charts = {std::move(chart)};
  return deliver(document, a.out, a.report, 16);
}

}  // namespace

void add_evaluate_linearity(CLI::App& evaluate_verbs, Run& chosen) {
  CLI::App* verb = evaluate_verbs.add_subcommand("linearity", "Two things together as a sum of both: weights and cosine of least squares");
  const auto a = std::make_shared<LinearityArguments>();
  add_triple_options(*verb, a->triples);
  verb->add_option("-d,--dictionary", a->dictionary, "Dictionary whose mean is subtracted; default: the model's own")->type_name("FILE");
  verb->add_flag("--any-model", a->any_model, "Take a dictionary that was built by another model");
  verb->add_option("--mean", a->mean, "Mean to subtract: a .npy, 'data' (of the single things) or 'none'; default: the dictionary's, else data")
      ->type_name("FILE|data|none");
  add_resource_options(*verb, a->resources);
  verb->add_option("-o,--out", a->out, "Write the result here (.json): tables and charts, for splice report")->type_name("FILE");
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice evaluate linearity --model model --images pictures --pairs 500");
  verb->callback([a, &chosen] { chosen = [a] { return evaluate(*a); }; });
}

}  // namespace splice_cuda::cli

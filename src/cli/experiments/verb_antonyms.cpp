#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <span>

#include "cli/argument_parsing.hpp"
#include "cli/experiments/antonym_pairs.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/evaluate_verbs.hpp"
#include "cli/experiments/word_embeddings.hpp"
#include "cli/input_checks.hpp"
#include "cli/numbers_text.hpp"
#include "cli/signals.hpp"
#include "experiments/random_draws.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/pair_cosines.hpp"
#include "splice_cuda/dataset.hpp"

namespace splice_cuda::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_pairs_listed = 1000;
constexpr std::size_t pairs_at_once = 4096;  // a multiple of the texts that a model takes at once

struct AntonymsArguments {
  WordArguments words;
  std::string pairs_file;
  std::string negation = "not {}";
  std::int64_t random_pairs = 1000;
  std::int64_t seed = 0;
  ResourceArguments resources;
  std::string out;
  ReportArguments report;
};

/// Pairs of one kind, and their cosines.
struct Kind {
  const char* name;
  std::vector<std::string> first, second;  ///< none of random pairs, of which there may be millions
  PairCosines cosines;
  std::int64_t unknown = 0;  ///< pairs of which a word has no embedding

  void add(std::string a, std::string b) {
    first.push_back(std::move(a));
    second.push_back(std::move(b));
  }
};

Kind antonyms_of(const AntonymsArguments& a) {
  Kind kind{"antonyms", {}, {}, {}};
  if (a.pairs_file.empty()) {
    for (const WordPair& pair : antonym_pairs) kind.add(std::string(pair.first), std::string(pair.second));
    return kind;
  }
  const RecordTable table = read_records(a.pairs_file, record_file_options(a.words.model.dataset));
  const std::vector<std::string> columns = table.names();
  if (columns.size() != 2) throw FileError(fmt::format("{}: found {}, expected two: a word and its opposite", a.pairs_file, counted(static_cast<std::int64_t>(columns.size()), "column")));
  for (std::size_t i = 0; i < static_cast<std::size_t>(table.rows()); ++i) kind.add(table.column(columns[0])[i], table.column(columns[1])[i]);
  return kind;
}

/// Each different word, and the same negated.
Kind negations_of(const Kind& antonyms, const std::string& negation) {
  Kind kind{"X, \"not X\"", {}, {}, {}};
  std::set<std::string> seen;
  for (const auto* words : {&antonyms.first, &antonyms.second}) {
    for (const std::string& word : *words) {
      if (!seen.insert(word).second) continue;
      std::string negated = negation;
      kind.add(word, negated.replace(negated.find("{}"), 2, word));
    }
  }
  return kind;
}

/// Appends the cosines of pairs.
void measure(std::span<const std::string> first, std::span<const std::string> second, WordEmbeddings& words, Kind& kind) {
  const auto rows = static_cast<std::int64_t>(first.size());
  std::vector<float> first_values(first.size() * static_cast<std::size_t>(words.dim()));
  std::vector<float> second_values(first_values.size());
  const MatrixView<float> first_rows(first_values.data(), rows, words.dim());
  const MatrixView<float> second_rows(second_values.data(), rows, words.dim());
  words.read(first, first_rows);
  words.read(second, second_rows);
  const PairCosines cosines = pair_cosines(first_rows, second_rows, words.mean());
  kind.cosines.raw.insert(kind.cosines.raw.end(), cosines.raw.begin(), cosines.raw.end());
  kind.cosines.centered.insert(kind.cosines.centered.end(), cosines.centered.begin(), cosines.centered.end());
  for (std::size_t i = 0; i < first.size(); ++i) kind.unknown += words.knows(first[i]) && words.knows(second[i]) ? 0 : 1;
}

void measure(Kind& kind, WordEmbeddings& words) {
  for (std::size_t at = 0; at < kind.first.size(); at += pairs_at_once) {
    const std::size_t count = std::min(pairs_at_once, kind.first.size() - at);
    signals::throw_if_stop_requested();
    measure(std::span(kind.first).subspan(at, count), std::span(kind.second).subspan(at, count), words, kind);
  }
}

Kind random_kind(WordEmbeddings& words, const AntonymsArguments& a) {
  Kind kind{"random pairs", {}, {}, {}};
  const std::vector<std::string>& vocabulary = words.vocabulary();
  RandomBits random(static_cast<std::uint64_t>(a.seed));
  const std::vector<DrawnPair> pairs = draw_pairs(random, static_cast<std::int64_t>(vocabulary.size()), a.random_pairs, signals::stop_requested);
  std::vector<std::string> first, second;
  for (std::size_t at = 0; at < pairs.size(); at += pairs_at_once) {
    signals::throw_if_stop_requested();
    first.clear();
    second.clear();
    for (const DrawnPair& pair : std::span(pairs).subspan(at, std::min(pairs_at_once, pairs.size() - at))) {
      first.push_back(vocabulary[static_cast<std::size_t>(pair.first)]);
      second.push_back(vocabulary[static_cast<std::size_t>(pair.second)]);
    }
    measure(first, second, words, kind);
  }
  return kind;
}

ResultTable cosine_table(const std::vector<Kind>& kinds, bool centred) {
  ResultTable table{"cosines", "Cosines of pairs of words", "", {}, {}};
  table.note = "Above random: the mean less that of random pairs of the vocabulary, and its standard error. Left out: pairs with a word that has no "
               "embedding, or one without a direction.";
  table.columns = {{"pairs", "pairs"}, {"embeddings", "embeddings"}, {"count", "count", ColumnKind::integer}, {"left_out", "left out", ColumnKind::integer},
                   {"mean", "mean", ColumnKind::number}, {"standard_error", "standard error", ColumnKind::number}, {"sd", "sd", ColumnKind::number},
                   {"above_random", "above random", ColumnKind::number}, {"above_error", "its error", ColumnKind::number}};
  for (const bool around_mean : {false, true}) {
    if (around_mean && !centred) continue;
    const SampleMean random = sample_mean(around_mean ? kinds.back().cosines.centered : kinds.back().cosines.raw);
    for (const Kind& kind : kinds) {
      const SampleMean spread = sample_mean(around_mean ? kind.cosines.centered : kind.cosines.raw);
      const bool itself = &kind == &kinds.back();
      table.add({kind.name, around_mean ? "centred" : "raw", spread.count, static_cast<std::int64_t>(kind.cosines.raw.size()) - spread.count, spread.mean,
                 spread.standard_error, spread.sd, itself ? Json(nullptr) : Json(spread.mean - random.mean),
                 itself ? Json(nullptr) : Json(std::hypot(spread.standard_error, random.standard_error))});
    }
  }
  return table;
}

ResultTable pair_table(const std::vector<Kind>& kinds, const WordEmbeddings& words) {
  ResultTable table{"pairs", "Pairs", "", {}, {}};
  table.columns = {{"kind", "pairs"}, {"first", "first"}, {"second", "second"}, {"raw", "raw cosine", ColumnKind::number},
                   {"centred", "centred cosine", ColumnKind::number}, {"left_out", "left out"}};
  for (const Kind& kind : kinds) {
    if (&kind == &kinds.back()) continue;
    for (std::size_t i = 0; i < std::min(kind.first.size(), most_pairs_listed); ++i) {
      const bool known = words.knows(kind.first[i]) && words.knows(kind.second[i]);
      const double raw = kind.cosines.raw[i];
      table.add({kind.name, kind.first[i], kind.second[i], raw, kind.cosines.centered.empty() ? Json(nullptr) : Json(kind.cosines.centered[i]),
                 !known ? "not in the vocabulary" : std::isfinite(raw) ? "" : "no direction"});
    }
    if (kind.first.size() > most_pairs_listed) table.note = fmt::format("The first {} of each kind.", grouped(static_cast<std::int64_t>(most_pairs_listed)));
  }
  return table;
}

std::string summary_of(const std::vector<Kind>& kinds, bool centred) {
  std::string text = "Mean cosine";
  for (const Kind& kind : kinds) {
    text += fmt::format("{} {} {}", &kind == kinds.data() ? " of" : ", of", kind.name, with_error(sample_mean(kind.cosines.raw)));
    if (centred) text += fmt::format(" raw and {} centred", with_error(sample_mean(kind.cosines.centered)));
  }
  text += ".";
  for (const Kind& kind : kinds) {
    if (kind.unknown > 0) text += fmt::format(" {} of {} left out: no embedding of a word ({} embeds any).", grouped(kind.unknown), kind.name, "--model");
  }
  return text;
}

ExitCode evaluate(const AntonymsArguments& a) {
  if (a.negation.find("{}") == std::string::npos) throw ArgumentError(fmt::format("--negation: got '{}'; expected a text with {{}} for the word", a.negation));
  if (!a.out.empty()) {
    std::vector<std::filesystem::path> taken = word_files(a.words);
    if (!a.pairs_file.empty()) taken.emplace_back(a.pairs_file);
    check_output(a.out, taken);
  }
  Kind antonyms = antonyms_of(a);
  const ResourceArguments resources = settled_resources(a.resources, a.report.quiet);
  WordEmbeddings words(a.words, resources, a.report.quiet);
  std::vector<Kind> kinds = {std::move(antonyms)};
  kinds.push_back(negations_of(kinds.front(), a.negation));
  for (Kind& kind : kinds) measure(kind, words);
  kinds.push_back(random_kind(words, a));
  const bool centred = !words.mean().empty();

  ResultDocument document{"evaluate antonyms", "Opposites, negations and random words", summary_of(kinds, centred), Json::object(), {}, {}};
  Json& settings = document.settings;
  if (!a.words.model.model.empty()) settings["model"] = a.words.model.model;
  if (!words.dictionary().empty()) settings["dictionary"] = words.dictionary();
  if (!a.words.embeddings.empty()) settings["embeddings"] = a.words.embeddings;
  settings["vocabulary"] = words.vocabulary().size();
  settings["pairs"] = a.pairs_file.empty() ? "the list that comes with the command" : a.pairs_file;
  settings["negation"] = a.negation;
  settings["random_pairs"] = a.random_pairs;
  settings["seed"] = a.seed;
  settings["centered"] = centred;
  document.tables = {cosine_table(kinds, centred), pair_table(kinds, words)};
  ResultChart chart = make_chart("cosines", "Mean cosines",
                                 "Mean cosine of opposites, of words and their negations, and of random pairs of the vocabulary, with standard "
                                 "errors. Centring takes what all words share, so that random pairs come to 0.",
                                 ChartKind::columns, "pairs", "mean");
  chart.series = "embeddings";
  chart.error = "standard_error";
  document.charts = {std::move(chart)};
  return deliver(document, a.out, a.report, 12);
}

}  // namespace

void add_evaluate_antonyms(CLI::App& evaluate_verbs, Run& chosen) {
  CLI::App* verb = evaluate_verbs.add_subcommand("antonyms", "Cosines of opposites and of negations, raw and centred, beside random words");
  const auto a = std::make_shared<AntonymsArguments>();
  add_word_options(*verb, a->words);
  verb->add_option("--pairs-file", a->pairs_file, "Table (.csv, .tsv, .jsonl, .parquet) with two columns: a word and its opposite; default: a short list of ours")
      ->type_name("FILE");
  add_python_option(*verb, a->words.model.dataset);
  verb->add_option("--negation", a->negation, "What a negated word is, in place of {}")->type_name("TEXT")->capture_default_str();
  add_whole_number(*verb, "--random-pairs", a->random_pairs, 1, 10000000, "Most pairs of the vocabulary to compare with; all where there are fewer");
  add_whole_number(*verb, "--seed", a->seed, 0, 0x7fffffff, "Of the random pairs");
  add_resource_options(*verb, a->resources);
  verb->add_option("-o,--out", a->out, "Write the result here (.json): tables and charts, for splice report")->type_name("FILE");
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice evaluate antonyms --model model --pairs-file opposites.csv");
  verb->callback([a, &chosen] { chosen = [a] { return evaluate(*a); }; });
}

}  // namespace splice_cuda::cli

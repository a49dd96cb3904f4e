#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <unordered_map>

#include "cli/argument_parsing.hpp"
#include "cli/captions/stop_words.hpp"
#include "cli/experiments/caption_nouns.hpp"
#include "cli/experiments/deliver.hpp"
#include "cli/experiments/evaluate_verbs.hpp"
#include "cli/experiments/paired_texts.hpp"
#include "cli/model_inputs.hpp"
#include "cli/numbers_text.hpp"
#include "cli/signals.hpp"
#include "experiments/directions.hpp"
#include "experiments/random_draws.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/relevance.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::size_t examples_shown = 20;

struct RelevanceArguments {
  ExperimentArguments experiment;
  PairedTextArguments texts;
  std::string nouns;
  std::int64_t top = 0;
  std::int64_t seed = 0;
};

/// What is kept of a row.
struct Row {
  std::int64_t record = 0;
  std::vector<std::int32_t> atoms;
  std::vector<std::int32_t> nouns;
};

struct Rows {
  std::vector<Row> kept;
  std::int64_t walked = 0;
  std::int64_t without_direction = 0;
  std::int64_t without_concepts = 0;
  std::int64_t without_nouns = 0;
};

/// The `top` heaviest atoms (ties: the lower); 0: all.
std::vector<std::int32_t> heaviest(const SparseCodes& codes, std::int64_t row, std::int64_t top) {
  std::vector<std::size_t> order(static_cast<std::size_t>(codes.l0(row)));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const std::span<const float> weights = codes.row_values(row);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return weights[a] > weights[b]; });
  if (top > 0 && static_cast<std::int64_t>(order.size()) > top) order.resize(static_cast<std::size_t>(top));
  std::vector<std::int32_t> atoms;
  for (const std::size_t i : order) atoms.push_back(codes.row_atoms(row)[i]);
  return atoms;
}

/// Atoms by their names in lower case, as captions are read; of names that differ in case alone the first.
std::unordered_map<std::string, std::int32_t> atoms_by_word(const ConceptSpace& space) {
  std::unordered_map<std::string, std::int32_t> atoms;
  for (std::size_t j = 0; j < space.names().size(); ++j) atoms.emplace(lower_case(space.names()[j]), static_cast<std::int32_t>(j));
  return atoms;
}

/// Lines of --nouns, or the concepts that are no function words, in lower case.
std::unordered_set<std::string> allowed_nouns(const RelevanceArguments& a, const std::unordered_map<std::string, std::int32_t>& atoms) {
  std::unordered_set<std::string> words;
  if (!a.nouns.empty()) {
    for (const std::string& line : io::read_concept_list(a.nouns, "noun")) {
      if (!line.empty()) words.insert(lower_case(line));
    }
    if (words.empty()) throw FileError(a.nouns + ": found no word, expected a noun a line");
    return words;
  }
  const std::unordered_set<std::string> stop_words = read_stop_words("english");
  for (const auto& [word, atom] : atoms) {
    if (!stop_words.contains(word)) words.insert(word);
  }
  return words;
}

constexpr const char* other_words = "--nouns: got words that are no concepts";

/// Whether words that are no concepts have a text tower to go through. Asked before the walk: a model that does not fit is told before all
/// rows are decomposed.
bool can_embed(const std::unordered_set<std::string>& words, const std::unordered_map<std::string, std::int32_t>& atoms, ExperimentInputs& inputs) {
  const bool others = std::any_of(words.begin(), words.end(), [&](const std::string& word) { return !atoms.contains(word); });
  if (!others || !inputs.has_text_model()) return false;
  inputs.text_model(other_words);
  return true;
}

/// Embeddings of the nouns [u, d], and of the atoms [p', d] that codes hold, raw and, where the dictionary has a text mean, centred.
struct WordRows {
  std::vector<float> nouns, atoms;
  std::vector<std::int32_t> place_of_atom;  ///< in `atoms`
  std::int64_t dim = 0;
  std::int64_t unknown = 0;  ///< nouns that are no concepts, without a text tower

  MatrixView<const float> noun_rows() const { return {nouns.data(), static_cast<std::int64_t>(nouns.size()) / dim, dim}; }
  MatrixView<const float> atom_rows() const { return {atoms.data(), static_cast<std::int64_t>(atoms.size()) / dim, dim}; }
};

void embed_nouns(const std::vector<std::string>& names, const std::unordered_map<std::string, std::int32_t>& atoms, ExperimentInputs& inputs,
                 bool by_model, WordRows& words) {
  const ConceptSpace& space = inputs.space();
  std::vector<std::int32_t> known;
  std::vector<std::int64_t> places;
  std::vector<std::string> others;
  std::vector<std::int64_t> others_places;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto atom = atoms.find(names[i]);
    (atom != atoms.end() ? places : others_places).push_back(static_cast<std::int64_t>(i));
    if (atom != atoms.end()) known.push_back(atom->second);
    else others.push_back(names[i]);
  }
  const auto dim = static_cast<std::size_t>(words.dim);
  words.nouns.assign(names.size() * dim, 0.0f);  // zeros: no direction, left out
  std::vector<float> block(std::max(known.size(), others.size()) * dim);
  const auto put = [&](const std::vector<std::int64_t>& to) {
    for (std::size_t i = 0; i < to.size(); ++i) {
      std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(i * dim), dim, words.nouns.begin() + to[i] * words.dim);
    }
  };
  uncentered_atoms(space, known, {block.data(), static_cast<std::int64_t>(known.size()), words.dim});
  put(places);
  if (others.empty()) return;
  if (!by_model) {
    words.unknown = static_cast<std::int64_t>(others.size());
    return;
  }
  ClipEncoder& model = inputs.text_model(other_words);
  const MatrixView<float> rows(block.data(), static_cast<std::int64_t>(others.size()), words.dim);
  embed_in_parts(model, others, rows);
  put(others_places);
}

void read_atoms(const Rows& rows, const ConceptSpace& space, WordRows& words) {
  words.place_of_atom.assign(static_cast<std::size_t>(space.size()), -1);
  std::vector<std::int32_t> used;
  for (const Row& row : rows.kept) {
    for (const std::int32_t atom : row.atoms) {
      std::int32_t& place = words.place_of_atom[static_cast<std::size_t>(atom)];
      if (place >= 0) continue;
      place = static_cast<std::int32_t>(used.size());
      used.push_back(atom);
    }
  }
  words.atoms.resize(used.size() * static_cast<std::size_t>(words.dim));
  uncentered_atoms(space, used, {words.atoms.data(), static_cast<std::int64_t>(used.size()), words.dim});
}

/// Rows centred about the text mean; those without a direction become zeros.
std::vector<float> centred(MatrixView<const float> rows, std::span<const float> mean) {
  std::vector<float> result(static_cast<std::size_t>(rows.rows * rows.cols), 0.0f);
  std::vector<double> unit(static_cast<std::size_t>(rows.cols));
  for (std::int64_t i = 0; i < rows.rows; ++i) {
    if (!direction({rows.row(i), unit.size()}, mean, unit)) continue;
    for (std::size_t k = 0; k < unit.size(); ++k) result[static_cast<std::size_t>(i * rows.cols) + k] = static_cast<float>(unit[k]);
  }
  return result;
}

/// 1 - Hausdorff distance of each row's concepts and its own caption's nouns, and another's.
struct Scores {
  std::vector<double> own, other, difference;  ///< NaN where a set has no direction, or there is no other row
};

Scores scores_of(const Rows& rows, const std::vector<std::int64_t>& partner, const std::vector<std::int32_t>& place_of_atom, MatrixView<const float> atoms,
                 MatrixView<const float> nouns) {
  Scores scores;
  std::vector<std::int32_t> concepts;
  const auto relevance = [&](const Row& row) {
    const auto distance = hausdorff_distance(atoms, concepts, nouns, row.nouns);
    return distance ? 1 - *distance : std::numeric_limits<double>::quiet_NaN();
  };
  for (std::size_t i = 0; i < rows.kept.size(); ++i) {
    signals::throw_if_stop_requested();
    concepts.clear();
    for (const std::int32_t atom : rows.kept[i].atoms) concepts.push_back(place_of_atom[static_cast<std::size_t>(atom)]);
    scores.own.push_back(relevance(rows.kept[i]));
    if (rows.kept.size() < 2) continue;
    scores.other.push_back(relevance(rows.kept[static_cast<std::size_t>(partner[i])]));
    scores.difference.push_back(scores.own.back() - scores.other.back());
  }
  return scores;
}

void add_scores(ResultTable& table, const char* embeddings, const Scores& scores) {
  const auto add = [&](const char* captions, const std::vector<double>& values) {
    const SampleMean spread = sample_mean(values);
    table.add({embeddings, captions, spread.count, spread.mean, spread.standard_error, spread.sd});
  };
  add("its own", scores.own);
  add("another's", scores.other);
  add("difference", scores.difference);
}

ResultTable empty_table() {
  ResultTable table{"relevance", "Semantic relevance", "", {}, {}};
  table.note = "1 - Hausdorff distance of the embeddings of a row's concepts and of a caption's nouns, the distance of two words being 1 - cosine. Another's: "
               "the captions are dealt to other rows, which is what chance gives. Difference: row by row.";
  table.columns = {{"embeddings", "embeddings"}, {"captions", "caption"}, {"rows", "rows", ColumnKind::integer}, {"mean", "relevance", ColumnKind::number},
                   {"standard_error", "standard error", ColumnKind::number}, {"sd", "sd", ColumnKind::number}};
  return table;
}

ResultTable left_out_table(const Rows& rows, const WordRows& words) {
  ResultTable table{"left_out", "Rows left out", "", {{"reason", "reason"}, {"count", "count", ColumnKind::integer}}, {}};
  table.add({"rows without a direction: zeros, NaN or infinity", rows.without_direction});
  table.add({"rows without a concept", rows.without_concepts});
  table.add({"rows whose caption has no noun", rows.without_nouns});
  table.add({"nouns that are no concepts, without a text tower to embed them", words.unknown});
  return table;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

ResultTable example_table(const Rows& rows, const CaptionNouns& nouns, const ExperimentInputs& inputs, const Scores& scores) {
  ResultTable table{"examples", "The first rows", "Relevance of raw embeddings.", {}, {}};
  table.columns = {{"row", "row"}, {"concepts", "concepts"}, {"nouns", "nouns of the caption"}, {"relevance", "relevance", ColumnKind::number}};
  for (std::size_t i = 0; i < std::min(rows.kept.size(), examples_shown); ++i) {
    const Row& row = rows.kept[i];
    std::vector<std::string> concepts, words;
    for (const std::int32_t atom : row.atoms) concepts.push_back(inputs.space().name(atom));
    for (const std::int32_t noun : row.nouns) words.push_back(nouns.names()[static_cast<std::size_t>(noun)]);
    const std::string name = inputs.records().has("path") ? inputs.records().column("path")[static_cast<std::size_t>(row.record)]
                                                          : fmt::format("{}", row.record);
    table.add({name, joined(concepts), joined(words), scores.own[i]});
  }
  return table;
}

Rows read_rows(const RelevanceArguments& a, ExperimentInputs& inputs, const std::vector<std::string>& captions, CaptionNouns& nouns) {
  Rows rows;
  inputs.walk_codes([&](const Context&, std::span<const std::int64_t> records, MatrixView<const float>, const DecomposeResult& result) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      ++rows.walked;
      const RowStatus status = result.reports[i].status;
      if (status == RowStatus::non_finite_input || status == RowStatus::zero_embedding) {
        ++rows.without_direction;
        continue;
      }
      Row kept{records[i], heaviest(result.codes, row, a.top), nouns.of(captions[static_cast<std::size_t>(records[i])])};
      if (kept.atoms.empty()) ++rows.without_concepts;
      else if (kept.nouns.empty()) ++rows.without_nouns;
      else rows.kept.push_back(std::move(kept));
    }
  });
  return rows;
}

std::string summary_of(const Rows& rows, const Scores& raw, const WordRows& words) {
  const SampleMean own = sample_mean(raw.own);
  if (own.count == 0) return fmt::format("None of {} has both concepts and nouns.", counted(rows.walked, "row"));
  std::string text = fmt::format("Relevance of the concepts to the caption: {} over {}, {} to another's caption (raw embeddings).", with_error(own),
                                 counted(own.count, "row"), with_error(sample_mean(raw.other)));
  const std::int64_t left_out = rows.walked - own.count;
  if (left_out > 0) text += fmt::format(" {} left out.", counted(left_out, "row"));
  if (words.unknown > 0) text += fmt::format(" {} no concepts and have no embedding (--model embeds them, where it has a text tower).", words.unknown == 1 ? "1 noun is" : grouped(words.unknown) + " nouns are");
  return text;
}

ExitCode evaluate(const RelevanceArguments& a) {
  check_pairing(a.experiment);
  ExperimentInputs inputs(a.experiment);
  const std::vector<std::string> captions = read_captions(a.texts, inputs);
  const std::unordered_map<std::string, std::int32_t> atoms_of_words = atoms_by_word(inputs.space());
  std::unordered_set<std::string> allowed = allowed_nouns(a, atoms_of_words);
  const bool by_model = can_embed(allowed, atoms_of_words, inputs);
  CaptionNouns nouns(std::move(allowed));
  std::vector<std::filesystem::path> taken = paired_text_files(a.texts);
  if (!a.nouns.empty()) taken.emplace_back(a.nouns);
  inputs.check_outputs({}, taken);
  const Rows rows = read_rows(a, inputs, captions, nouns);
  WordRows words;
  words.dim = inputs.space().dim();
  embed_nouns(nouns.names(), atoms_of_words, inputs, by_model, words);
  read_atoms(rows, inputs.space(), words);
  RandomBits random(static_cast<std::uint64_t>(a.seed));
  const std::vector<std::int64_t> partner = draw_cycle(random, static_cast<std::int64_t>(rows.kept.size()));

  const Scores raw = scores_of(rows, partner, words.place_of_atom, words.atom_rows(), words.noun_rows());
  ResultTable table = empty_table();
  add_scores(table, "raw", raw);
  const std::span<const float> mean = inputs.space().text_mean();
  if (!mean.empty()) {
    const std::vector<float> atoms = centred(words.atom_rows(), mean);
    const std::vector<float> noun_rows = centred(words.noun_rows(), mean);
    add_scores(table, "centred", scores_of(rows, partner, words.place_of_atom, {atoms.data(), words.atom_rows().rows, words.dim},
                                           {noun_rows.data(), words.noun_rows().rows, words.dim}));
  }
  ResultDocument document{"evaluate relevance", "Relevance of concepts to captions", summary_of(rows, raw, words), inputs.settings(), {}, {}};
  add_sentence(document.summary, inputs.empty_codes());
  document.settings["top"] = a.top;
  document.settings["seed"] = a.seed;
  if (!a.nouns.empty()) document.settings["nouns"] = a.nouns;
  document.settings["captions"] = a.texts.captions.empty() ? a.texts.captions_file : a.texts.captions;
  document.tables = {std::move(table), left_out_table(rows, words), example_table(rows, nouns, inputs, raw)};
  ResultChart chart = make_chart("relevance", "Relevance to the row's own caption and to another's",
                                 "Mean of 1 - Hausdorff distance, with standard errors. Concepts that are "
                                 "relevant have taller columns for their own caption than for another's.",
                                 ChartKind::columns, "captions", "mean");
  chart.series = "embeddings";
  chart.error = "standard_error";
  document.charts = {std::move(chart)};
  return deliver(document, a.experiment.out, a.experiment.report);
}

}  // namespace

void add_evaluate_relevance(CLI::App& evaluate_verbs, Run& chosen) {
  CLI::App* verb = evaluate_verbs.add_subcommand("relevance", "Do concepts mean what captions speak of? 1 - Hausdorff distance, beside shuffled captions");
  const auto a = std::make_shared<RelevanceArguments>();
  a->experiment.takes_texts = true;
  add_experiment_options(*verb, a->experiment);
  add_caption_options(*verb, a->texts);
  verb->add_option("--nouns", a->nouns, "Words that count, one a line (two words in a row too); default: concepts that are no function words")->type_name("FILE");
  add_whole_number(*verb, "--top", a->top, 0, 0x7fffffff, "The heaviest concepts of a row; 0: all of its code");
  add_whole_number(*verb, "--seed", a->seed, 0, 0x7fffffff, "Of the shuffled captions");
  verb->footer("Example:\n  splice evaluate relevance -d dict.safetensors --embeddings images.npy --records captions.csv --captions caption --top 10");
  verb->callback([a, &chosen] { chosen = [a] { return evaluate(*a); }; });
}

}  // namespace splice_cuda::cli

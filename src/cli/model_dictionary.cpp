#include "cli/model_dictionary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "cli/argument_parsing.hpp"
#include "cli/captions/caption_words.hpp"
#include "cli/dropped_concepts.hpp"
#include "cli/image_mean.hpp"
#include "cli/input_checks.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/progress_line.hpp"
#include "cli/signals.hpp"
#include "cli/text_layout.hpp"
#include "io/embedding_source.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/version.hpp"

namespace splice_cuda::cli {
namespace {

/// The lists, ascending by frequency.
struct FrequencyLists {
  std::string words_file;
  std::vector<std::string> words;
  std::vector<std::string> bigrams;
};

FrequencyLists read_lists(const ModelDictionaryRequest& request, const ClipEncoder& model) {
  FrequencyLists lists;
  lists.words_file = request.vocabulary.vocabulary;
  if (lists.words_file.empty()) {
    const auto own = model.vocabulary_path();
    if (!own) {
      throw ArgumentError(fmt::format("--vocabulary: got none, and the model '{}' has none of its own; expected a list of words, ascending by "
                                      "frequency", request.model));
    }
    lists.words_file = own->string();
  }
  lists.words = io::read_concept_list(lists.words_file);
  if (!request.vocabulary.bigrams.empty()) lists.bigrams = io::read_concept_list(request.vocabulary.bigrams);
  return lists;
}

double cosine_limit(const char* option, const std::optional<double>& given, double fallback) {
  if (given && *given > 1) throw ArgumentError(fmt::format("{}: got {}; expected a number above 0 and at most 1", option, *given));
  return given.value_or(fallback);
}

VocabularyRules rules_of(const VocabularyArguments& a) {
  VocabularyRules rules;
  rules.size = a.size;
  rules.bigram_size = a.bigram_size;
  rules.max_cosine = cosine_limit("--max-cosine", a.max_cosine, rules.max_cosine);
  rules.bigram_cosine = cosine_limit("--bigram-cosine", a.bigram_cosine, rules.bigram_cosine);
  return rules;
}

/// The NSFW list's texts in each spelling that the lists have of them: either may be written in capitals.
std::vector<std::string> unwanted_of(const std::string& nsfw_list, const FrequencyLists& lists) {
  std::vector<std::string> unwanted;
  if (nsfw_list.empty()) return unwanted;
  std::unordered_set<std::string> listed;
  for (const std::string& line : io::read_concept_list(nsfw_list)) {
    if (line.find_first_not_of(" \t") != std::string::npos) listed.insert(lower_case(line));
  }
  std::unordered_set<std::string> spellings;
  const auto look_up = [&](const std::string& text) {
    if (listed.contains(lower_case(text)) && spellings.insert(text).second) unwanted.push_back(text);
  };
  for (const auto* list : {&lists.words, &lists.bigrams}) {
    for (const std::string& line : *list) {
      look_up(line);
      constexpr const char* blanks = " \t";
      for (std::size_t at = line.find_first_not_of(blanks); at != std::string::npos;) {
        const std::size_t end = line.find_first_of(blanks, at);
        look_up(line.substr(at, end - at));
        at = end == std::string::npos ? end : line.find_first_not_of(blanks, end);
      }
    }
  }
  return unwanted;
}

SelectedVocabulary select_by_model(const ModelDictionaryRequest& request, ClipEncoder& model, const FrequencyLists& lists,
                                   const VocabularyRules& rules, std::int64_t& truncated) {
  const auto fitting = [](std::int64_t size, std::size_t lines) {
    return size == 0 ? static_cast<std::int64_t>(lines) : std::min(size, static_cast<std::int64_t>(lines));
  };
  const std::int64_t words = fitting(rules.size, lists.words.size());
  ProgressLine progress("dictionary", words + fitting(rules.bigram_size, lists.bigrams.size()), request.report.quiet, "concepts");
  std::int64_t before = 0;
  std::int64_t last = 0;
  const Context context = make_context(request.vocabulary.resources, [&](std::int64_t taken) {
    if (taken < last) before += last;  // the phrases have begun
    last = taken;
    progress.update(before + taken);
  });
  const TextEmbedder embed = [&](std::span<const std::string> texts, MatrixView<float> out) {
    signals::throw_if_stop_requested();
    truncated += static_cast<std::int64_t>(model.embed_texts(texts, out).size());
  };
  return select_vocabulary(context, lists.words, lists.bigrams, embed, model.dim(), rules);
}

void remember_sources(ConceptSpace& space, const ModelDictionaryRequest& request, const ClipEncoder& model, const FrequencyLists& lists,
                      const VocabularyRules& rules) {
  auto& provenance = space.provenance();
  provenance["built_by"] = "splice " SPLICE_CUDA_VERSION_STRING;
  provenance["centered"] = request.options.center ? "yes" : "no";
  provenance["model"] = model.name();
  provenance["model_fingerprint"] = model.fingerprint();
  remember_file(space, "vocabulary", lists.words_file);
  if (!request.vocabulary.bigrams.empty()) remember_file(space, "bigrams", request.vocabulary.bigrams);
  if (!request.vocabulary.nsfw_list.empty()) remember_file(space, "nsfw_list", request.vocabulary.nsfw_list);
  provenance["rules"] = fmt::format("size {}, bigram_size {}, max_cosine {:g}, bigram_cosine {:g}", rules.size, rules.bigram_size,
                                    rules.max_cosine, rules.bigram_cosine);
}

const std::vector<std::pair<DroppedBy, const char*>>& rule_meanings() {
  static const std::vector<std::pair<DroppedBy, const char*>> meanings = {
      {DroppedBy::empty_name, "without text"},
      {DroppedBy::unwanted, "of the NSFW list"},
      {DroppedBy::duplicate_name, "with the text of a more frequent line"},
      {DroppedBy::no_direction, "without an embedding (zero or not finite)"},
      {DroppedBy::near_its_words, "that say what their words do"},
      {DroppedBy::near_duplicate, "near to a more frequent concept"}};
  return meanings;
}

const std::string& text_of(const FrequencyLists& lists, const DroppedLine& line) {
  return (line.bigram ? lists.bigrams : lists.words)[static_cast<std::size_t>(line.line)];
}

std::string rules_text(const SelectedVocabulary& selected, const FrequencyLists& lists) {
  constexpr std::int64_t most_listed = 5;
  std::string text;
  for (const auto& [rule, meaning] : rule_meanings()) {
    std::int64_t count = 0;
    std::string examples;
    for (const DroppedLine& line : selected.dropped) {
      if (line.rule != rule || ++count > most_listed) continue;
      examples += fmt::format("{} {} line {} \"{}\"", count == 1 ? "" : ",", line.bigram ? "bigrams" : "words", line.line + 1,
                              printable(text_of(lists, line)));
      if (!line.rival.empty()) examples += fmt::format(" (\"{}\" {:.3f})", printable(line.rival), line.cosine);
      else if (rule == DroppedBy::near_its_words) examples += fmt::format(" ({:.3f})", line.cosine);
    }
    if (count > most_listed) examples += fmt::format(", and {} more (--json lists all)", grouped(count - most_listed));
    if (count > 0) text += fmt::format("dropped {} {}:{}\n", grouped(count), meaning, examples);
  }
  return text;
}

nlohmann::ordered_json rules_json(const SelectedVocabulary& selected, const FrequencyLists& lists) {
  nlohmann::ordered_json json;
  for (const auto& [rule, meaning] : rule_meanings()) json[to_string(rule)] = nlohmann::ordered_json::array();
  for (const DroppedLine& line : selected.dropped) {
    nlohmann::ordered_json entry = {{"list", line.bigram ? "bigrams" : "words"}, {"line", line.line + 1}, {"text", text_of(lists, line)}};
    if (line.rule == DroppedBy::near_duplicate || line.rule == DroppedBy::near_its_words) entry["cosine"] = line.cosine;
    if (!line.rival.empty()) entry["rival"] = line.rival;
    json[to_string(line.rule)].push_back(std::move(entry));
  }
  return json;
}

/// @throws ArgumentError for words of which no concept can be made: whoever gave them gave no embeddings
ConceptSpace built(MatrixView<const float> embeddings, const std::vector<std::string>& names, const BuildOptions& options, DroppedConcepts& dropped) {
  try {
    return ConceptSpace::build(embeddings, names, options, &dropped);
  } catch (const ArgumentError& error) {
    constexpr std::string_view argument = "text_embeddings";
    const std::string message = error.what();
    if (!message.starts_with(argument)) throw;
    throw ArgumentError("--vocabulary" + message.substr(argument.size()));
  }
}

}  // namespace

void add_vocabulary_options(CLI::App& verb, VocabularyArguments& a) {
  verb.add_option("--vocabulary", a.vocabulary, "With a model: words, one a line, ascending by frequency; default: the model's own list")
      ->type_name("FILE");
  verb.add_option("--bigrams", a.bigrams, "With a model: phrases, likewise")->type_name("FILE");
  add_whole_number(verb, "--size", a.size, 0, most_int32, "With a model: most words, from the end of the list; 0 = all");
  add_whole_number(verb, "--bigram-size", a.bigram_size, 0, most_int32, "With a model: most phrases; 0 = all");
  verb.add_option("--nsfw-list", a.nsfw_list, "Words that no concept may be or contain, one a line")->type_name("FILE");
  add_positive_number(verb, "--max-cosine", a.max_cosine, "0.9", "Two concepts nearer than this: the more frequent stays; 1 = both do");
  add_positive_number(verb, "--bigram-cosine", a.bigram_cosine, "0.9", "A phrase nearer than this to the mean of its words is dropped; 1 = stays");
  add_batch_options(verb, a.model);
  add_resource_options(verb, a.resources);
}

ExitCode build_by_model(const ModelDictionaryRequest& request) {
  const VocabularyArguments& a = request.vocabulary;
  VocabularyRules rules = rules_of(a);
  std::vector<std::filesystem::path> inputs;
  for (const std::string& input : {a.vocabulary, a.bigrams, a.nsfw_list, request.image_mean}) {
    if (!input.empty()) inputs.emplace_back(input);
  }
  add_model_files(request.model, inputs);
  check_output(request.out, inputs);
  const ResourceArguments resources = settled_resources(a.resources, request.report.quiet);
  ModelArguments how = a.model;
  how.model = request.model;
  ClipEncoder model = load_model(how, resources);
  if (!model.has_text()) throw ArgumentError(fmt::format("--model: got '{}', which has no text tower; expected a model that has one", request.model));
  const FrequencyLists lists = read_lists(request, model);
  rules.unwanted = unwanted_of(a.nsfw_list, lists);
  std::vector<float> mean = request.image_mean.empty() ? model.image_mean() : read_mean(request.image_mean, model.dim(), "the model's embeddings");

  std::int64_t truncated = 0;
  const SelectedVocabulary selected = select_by_model(request, model, lists, rules, truncated);
  if (selected.names.empty()) throw FileError(lists.words_file + ": found no line that the rules leave, expected at least one concept");
  DroppedConcepts dropped;
  const MatrixView<const float> embeddings(selected.embeddings.data(), static_cast<std::int64_t>(selected.names.size()), model.dim());
  ConceptSpace space = built(embeddings, selected.names, request.options, dropped);
  space.set_image_mean(std::move(mean));
  remember_sources(space, request, model, lists, rules);
  signals::throw_if_stop_requested();
  space.save(request.out);

  const auto words = static_cast<std::int64_t>(selected.names.size()) - selected.bigrams;
  if (request.report.json) {
    nlohmann::ordered_json json = build_json(space, dropped);
    json["words"] = words;
    json["bigrams"] = selected.bigrams;
    json["words_seen"] = selected.words_seen;
    json["bigrams_seen"] = selected.bigrams_seen;
    json["dropped_by_rule"] = rules_json(selected, lists);
    json["truncated"] = truncated;
    json["model"] = model.name();
    json["model_fingerprint"] = model.fingerprint();
    print_result(json.dump(2) + "\n");
  } else {
    print_result(fmt::format("{} and {} kept, of {} and {} looked at\n", counted(words, "word"), counted(selected.bigrams, "bigram"),
                             grouped(selected.words_seen), grouped(selected.bigrams_seen)) +
                 rules_text(selected, lists) + dropped_text(dropped, selected.names));
    if (truncated > 0) print_result(fmt::format("{} longer than the model's context: cut off\n", counted(truncated, "text")));
  }
  print_note(request.report.quiet, "wrote " + request.out);
  return ExitCode::ok;
}

}  // namespace splice_cuda::cli

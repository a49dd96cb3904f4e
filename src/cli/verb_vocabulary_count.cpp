#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/argument_parsing.hpp"
#include "cli/captions/caption_reader.hpp"
#include "cli/captions/caption_words.hpp"
#include "cli/captions/frequent_items.hpp"
#include "cli/captions/stop_words.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/input_checks.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/progress_line.hpp"
#include "cli/signals.hpp"
#include "cli/text_layout.hpp"
#include "io/atomic_file.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::int64_t most_int64 = std::numeric_limits<std::int64_t>::max();

struct VocabularyCountArguments {
  std::vector<std::string> files;
  std::string out;
  std::string bigrams_out;
  std::string counts;
  std::string stop_words = "english";
  std::int64_t min_count = 1;
  std::int64_t top = 0;
  std::size_t memory_limit_bytes = std::size_t{1} << 30;
  CaptionRequest request;
  ReportArguments report;
};

/// The lists that were counted, most frequent first.
struct Lists {
  CaptionCounts counts;
  std::vector<CountedText> words;
  std::vector<CountedText> bigrams;
  std::uint64_t words_missed = 0;
  std::uint64_t bigrams_missed = 0;
  bool exact() const { return words_missed == 0 && bigrams_missed == 0; }
};

Lists count(const VocabularyCountArguments& a) {
  const std::unordered_set<std::string> stop_words = read_stop_words(a.stop_words);
  // Phrases are by far the more various.
  FrequentItems words(a.memory_limit_bytes / 4);
  FrequentItems bigrams(a.memory_limit_bytes / 4 * 3);
  CaptionWords split;
  std::string before;
  bool before_stops = false;
  std::string bigram;
  std::string key;
  ProgressLine progress("count", -1, a.report.quiet, "captions");
  Lists lists;
  const auto take = [&](std::string_view caption) {
    split.visit(caption, [&](std::string_view word, bool follows) {
      words.add(word);
      key.assign(word);
      const bool stops = stop_words.contains(key);
      if (follows && !stops && !before_stops && before.size() + word.size() < 255) {
        bigram.assign(before).append(" ").append(word);
        bigrams.add(bigram);
      }
      before.swap(key);
      before_stops = stops;
    });
    if (lists.counts.captions % 1024 == 0) {
      signals::throw_if_stop_requested();
      progress.update(lists.counts.captions);
    }
  };
  for (const std::string& file : a.files) read_captions(file, a.request, lists.counts, take);
  lists.words = words.sorted(static_cast<std::uint64_t>(a.min_count));
  lists.bigrams = bigrams.sorted(static_cast<std::uint64_t>(a.min_count));
  lists.words_missed = words.largest_missed();
  lists.bigrams_missed = bigrams.largest_missed();
  for (auto* list : {&lists.words, &lists.bigrams}) {
    if (a.top > 0) list->resize(std::min(list->size(), static_cast<std::size_t>(a.top)));
  }
  signals::throw_if_stop_requested();
  return lists;
}

/// Ascending by frequency, as dictionary build takes them.
void write_list(io::AtomicFile& file, const std::vector<CountedText>& list) {
  std::string text;
  for (auto item = list.rbegin(); item != list.rend(); ++item) text += item->text + '\n';
  file.write(text);
}

void write_counts(io::AtomicFile& file, const Lists& lists) {
  file.write("kind\tcount\tat_most\ttext\n");
  for (const auto& [kind, list] : {std::pair{"word", &lists.words}, {"bigram", &lists.bigrams}}) {
    std::string text;
    for (const CountedText& item : *list) text += fmt::format("{}\t{}\t{}\t{}\n", kind, item.count, item.count + item.missed, item.text);
    file.write(text);
  }
}

std::string left_out_text(const CaptionCounts& counts) {
  std::string text;
  const auto add = [&](std::int64_t number, const char* why) {
    if (number > 0) text += fmt::format("left out {} {}\n", counted(number, "caption"), why);
  };
  add(counts.not_utf8, "that are not UTF-8");
  add(counts.too_long, "of more than 1 MiB");
  add(counts.malformed, "without the column, or with a line that can't be parsed");
  return text;
}

std::string lists_text(const Lists& lists) {
  constexpr std::size_t shown = 10;
  std::string text = fmt::format("{}: {}, {}\n", counted(lists.counts.captions, "caption"),
                                 counted(static_cast<std::int64_t>(lists.words.size()), "word"),
                                 counted(static_cast<std::int64_t>(lists.bigrams.size()), "bigram"));
  for (const auto& [kind, list] : {std::pair{"words", &lists.words}, {"bigrams", &lists.bigrams}}) {
    if (list->empty()) continue;
    text += fmt::format("most frequent {}:", kind);
    for (std::size_t i = 0; i < std::min(shown, list->size()); ++i) {
      text += fmt::format("{} {} {}", i == 0 ? "" : ",", printable((*list)[i].text), grouped(static_cast<std::int64_t>((*list)[i].count)));
    }
    text += list->size() > shown ? ", ...\n" : "\n";
  }
  if (!lists.exact()) {
    text += fmt::format("not all texts fitted into memory (--memory-limit): counts are at most {} (words) and {} (bigrams) too low, and "
                        "texts that are no more frequent may be missing\n", grouped(static_cast<std::int64_t>(lists.words_missed)),
                        grouped(static_cast<std::int64_t>(lists.bigrams_missed)));
  }
  return text + left_out_text(lists.counts);
}

nlohmann::ordered_json list_json(const std::vector<CountedText>& list) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const CountedText& item : list) json.push_back({{"text", item.text}, {"count", item.count}, {"at_most", item.count + item.missed}});
  return json;
}

nlohmann::ordered_json lists_json(const VocabularyCountArguments& a, const Lists& lists) {
  nlohmann::ordered_json json;
  json["captions"] = lists.counts.captions;
  json["left_out"] = {{"not_utf8", lists.counts.not_utf8}, {"too_long", lists.counts.too_long}, {"malformed", lists.counts.malformed}};
  json["words"] = lists.words.size();
  json["bigrams"] = lists.bigrams.size();
  json["exact"] = lists.exact();
  json["largest_missed"] = {{"words", lists.words_missed}, {"bigrams", lists.bigrams_missed}};
  // Lists that go to files are not said twice.
  if (a.out.empty() && a.bigrams_out.empty() && a.counts.empty()) {
    json["word_counts"] = list_json(lists.words);
    json["bigram_counts"] = list_json(lists.bigrams);
  }
  return json;
}

ExitCode count_files(const VocabularyCountArguments& a) {
  std::vector<std::filesystem::path> taken(a.files.begin(), a.files.end());
  if (a.stop_words != "english" && a.stop_words != "none") taken.emplace_back(a.stop_words);
  for (const auto& [option, out] : {std::pair("--out", a.out), std::pair("--bigrams-out", a.bigrams_out), std::pair("--counts", a.counts)}) {
    if (out.empty()) continue;
    for (const auto& other : taken) {
      if (same_place(other, out)) throw ArgumentError(fmt::format("{}: got '{}', which is another input or output; expected another file", option, out));
    }
    check_output(out, taken, option);
    taken.emplace_back(out);
  }
  const Lists lists = count(a);
  // All are written before the first is committed: a full disk leaves none of them.
  std::vector<io::AtomicFile> files;
  const auto open = [&](const std::string& path, const auto& write) {
    if (path.empty()) return;
    files.emplace_back(path);
    write(files.back());
  };
  open(a.out, [&](io::AtomicFile& file) { write_list(file, lists.words); });
  open(a.bigrams_out, [&](io::AtomicFile& file) { write_list(file, lists.bigrams); });
  open(a.counts, [&](io::AtomicFile& file) { write_counts(file, lists); });
  signals::throw_if_stop_requested();
  for (io::AtomicFile& file : files) file.commit();
  print_result(a.report.json ? lists_json(a, lists).dump(2) + "\n" : lists_text(lists));
  for (const std::string& out : {a.out, a.bigrams_out, a.counts}) {
    if (!out.empty()) print_note(a.report.quiet, "wrote " + out);
  }
  return ExitCode::ok;
}

void add_format(CLI::App& verb, CaptionFormat& target) {
  const auto parse = [&target](const std::string& text) {
    for (const auto& [name, format] : {std::pair{"auto", CaptionFormat::by_name}, {"text", CaptionFormat::text}, {"jsonl", CaptionFormat::jsonl},
                                       {"csv", CaptionFormat::csv}, {"tsv", CaptionFormat::tsv}, {"parquet", CaptionFormat::parquet}}) {
      if (text != name) continue;
      target = format;
      return;
    }
    throw ArgumentError(fmt::format("--format: got '{}'; expected auto, text, jsonl, csv, tsv or parquet", text));
  };
  verb.add_option_function<std::string>("--format", parse, "text, jsonl, csv, tsv or parquet; auto goes by the name (.gz apart)")
      ->type_name("NAME")->default_str("auto");
}

}  // namespace

void add_vocabulary_count(CLI::App& vocabulary, Run& chosen) {
  CLI::App* verb = vocabulary.add_subcommand("count", "Words and bigrams of captions by frequency");
  const auto a = std::make_shared<VocabularyCountArguments>();
  verb->add_option("files", a->files, "Captions: .txt (one a line), .jsonl, .csv, .tsv, each also as .gz, or .parquet; - is stdin")
      ->type_name("FILE")->required();
  verb->add_option("-o,--out", a->out, "Write the words here, one a line, ascending by frequency")->type_name("FILE");
  verb->add_option("--bigrams-out", a->bigrams_out, "Write the bigrams here, likewise")->type_name("FILE");
  verb->add_option("--counts", a->counts, "Write words and bigrams with their counts here (.tsv), descending")->type_name("FILE");
  add_whole_number(*verb, "--min-count", a->min_count, 1, most_int64, "Leave out what occurs less often");
  add_whole_number(*verb, "--top", a->top, 0, most_int64, "Only the most frequent words and as many bigrams; 0 = all");
  verb->add_option("--stop-words", a->stop_words, "Bigrams with one of these words are not counted: english, none, or a file")
      ->type_name("FILE|english|none")->capture_default_str();
  verb->add_option("--column", a->request.column,
                   "Key or column of the caption, by name; by number from 1 in a table without header; default: caption, else text")
      ->type_name("NAME");
  add_format(*verb, a->request.format);
  verb->add_option("--python", a->request.python, "Python that has pyarrow, which reads .parquet")->type_name("PROGRAM")->capture_default_str();
  add_byte_count(*verb, "--memory-limit", a->memory_limit_bytes, "1G", "Most memory for counting; beyond it the rarest texts leave");
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice vocabulary count captions.txt --min-count 2 --out words.txt --bigrams-out bigrams.txt");
  verb->callback([a, &chosen] { chosen = [a] { return count_files(*a); }; });
}

}  // namespace splice_cuda::cli

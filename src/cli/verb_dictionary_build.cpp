#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/argument_parsing.hpp"
#include "cli/image_mean.hpp"
#include "cli/input_checks.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/sha256.hpp"
#include "cli/signals.hpp"
#include "cli/text_layout.hpp"
#include "cli/verbs.hpp"
#include "io/embedding_source.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/version.hpp"

namespace splice_cuda::cli {
namespace {

struct Arguments {
  std::string embeddings;
  std::string concepts;
  std::string image_mean;
  std::string out;
  std::string model;
  DType dtype = DType::float32;
  std::int64_t last = 0;
  bool no_center = false;
  ReportArguments report;
};

struct DroppedKind {
  const char* key;
  const char* meaning;
  const std::vector<std::int64_t>& lines;
};

std::vector<DroppedKind> kinds_of(const DroppedConcepts& dropped) {
  return {{"empty_name", "without a name", dropped.empty_name},
          {"duplicate_name", "with the name of an earlier one", dropped.duplicate_name},
          {"zero_embedding", "with a zero embedding (before or after centring)", dropped.zero_embedding},
          {"non_finite", "with NaN or infinity", dropped.non_finite},
          {"duplicate_vector", "with the vector of an earlier one", dropped.duplicate_vector}};
}

std::string dropped_text(const DroppedConcepts& dropped, const std::vector<std::string>& names) {
  constexpr std::size_t most_listed = 20;
  std::string text;
  for (const DroppedKind& kind : kinds_of(dropped)) {
    if (kind.lines.empty()) continue;
    text += fmt::format("dropped {} {}:", grouped(static_cast<std::int64_t>(kind.lines.size())), kind.meaning);
    for (std::size_t i = 0; i < std::min(most_listed, kind.lines.size()); ++i) {
      text += fmt::format("{} line {} \"{}\"", i == 0 ? "" : ",", kind.lines[i] + 1,
                          printable(names[static_cast<std::size_t>(kind.lines[i])]));
    }
    if (kind.lines.size() > most_listed) text += fmt::format(", and {} more (--json lists all)", kind.lines.size() - most_listed);
    text += '\n';
  }
  return text;
}

nlohmann::ordered_json build_json(const ConceptSpace& space, const DroppedConcepts& dropped) {
  nlohmann::ordered_json json;
  json["concepts"] = space.size();
  json["dim"] = space.dim();
  json["dtype"] = to_string(space.atoms().dtype);
  for (const DroppedKind& kind : kinds_of(dropped)) {
    // Lines count from 1, as in the text and in editors.
    json["dropped_lines"][kind.key] = nlohmann::ordered_json::array();
    for (const std::int64_t line : kind.lines) json["dropped_lines"][kind.key].push_back(line + 1);
  }
  return json;
}

void check_lengths(const Arguments& a, std::int64_t rows, std::size_t names) {
  if (static_cast<std::int64_t>(names) == rows) return;
  throw ArgumentError(fmt::format("--concepts: got {} in '{}'; expected {}, one for each row of '{}'",
                                  counted(static_cast<std::int64_t>(names), "line"), a.concepts,
                                  rows, a.embeddings));
}

ExitCode build(const Arguments& a) {
  if (a.out.ends_with(".npy")) {
    throw ArgumentError(fmt::format("--out: got '{}'; expected a name that ends in .safetensors: one that ends in .npy is read "
                                    "as a plain array", a.out));
  }
  if (!io::is_utf8(a.model)) throw ArgumentError(fmt::format("--model: got '{}'; expected UTF-8 text", printable(a.model)));
  const auto source = io::EmbeddingSource::open(a.embeddings);
  const std::vector<std::string> names = io::read_concept_list(a.concepts);
  check_lengths(a, source->rows(), names.size());
  check_output(a.out, {a.embeddings, a.concepts, a.image_mean});
  std::vector<float> mean;
  if (!a.image_mean.empty()) mean = read_mean(a.image_mean, source->dim(), "the embeddings");
  const RowReader read = [&](std::int64_t first, MatrixView<float> out) {
    signals::throw_if_stop_requested();
    source->read(first, out);
  };

  BuildOptions options;
  options.dtype = a.dtype;
  options.center = !a.no_center;
  options.last = a.last;
  DroppedConcepts dropped;
  ConceptSpace space = ConceptSpace::build(read, source->dim(), names, options, &dropped);
  space.set_image_mean(std::move(mean));
  space.provenance()["built_by"] = "splice " SPLICE_CUDA_VERSION_STRING;
  space.provenance()["centered"] = options.center ? "yes" : "no";
  const std::string vocabulary = std::filesystem::path(a.concepts).filename().string();
  if (io::is_utf8(vocabulary)) space.provenance()["vocabulary"] = vocabulary;  // a file's name may be any bytes
  space.provenance()["vocabulary_sha256"] = sha256_of_file(a.concepts);
  if (!a.model.empty()) space.provenance()["model"] = a.model;
  signals::throw_if_stop_requested();
  space.save(a.out);

  if (a.report.json) {
    print_result(build_json(space, dropped).dump(2) + "\n");
  } else {
    print_result(fmt::format("{} of {} concepts kept\n", grouped(space.size()), grouped(static_cast<std::int64_t>(names.size()))) +
                 dropped_text(dropped, names));
  }
  print_note(a.report.quiet, "wrote " + a.out);
  return ExitCode::ok;
}

}  // namespace

void add_dictionary_build(CLI::App& dictionary, Run& chosen) {
  CLI::App* verb = dictionary.add_subcommand(
      "build", "Text embeddings and their names to a dictionary: normalise, subtract the mean, normalise");
  const auto a = std::make_shared<Arguments>();
  verb->add_option("-e,--embeddings", a->embeddings, "Text embeddings [p, d] (.npy or .safetensors)")->type_name("PATH")->required();
  verb->add_option("-c,--concepts", a->concepts, "One concept a line, UTF-8, in the order of the rows")->type_name("FILE")->required();
  verb->add_option("--image-mean", a->image_mean, "Mean of unit image embeddings (.npy), kept in the dictionary")->type_name("FILE");
  verb->add_option("-o,--out", a->out, "Dictionary to write (.safetensors)")->type_name("FILE")->required();
  add_whole_number(*verb, "--last", a->last, 0, std::numeric_limits<std::int64_t>::max(),
                   "Only the last this many lines (the most frequent of the shipped lists); 0 = all");
  verb->add_flag("--no-center", a->no_center, "Do not subtract the vocabulary's mean");
  add_dtype(*verb, a->dtype);
  verb->add_option("--model", a->model, "Name of the encoder, kept in the dictionary")->type_name("TEXT");
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice dictionary build --embeddings text.npy --concepts words.txt --image-mean mean.npy --out dict.safetensors");
  verb->callback([a, &chosen] { chosen = [a] { return build(*a); }; });
}

}  // namespace splice_cuda::cli

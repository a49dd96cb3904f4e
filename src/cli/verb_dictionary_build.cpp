#include <fmt/format.h>

#include <limits>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/argument_parsing.hpp"
#include "cli/image_mean.hpp"
#include "cli/dropped_concepts.hpp"
#include "cli/input_checks.hpp"
#include "cli/model_dictionary.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
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

struct DictionaryBuildArguments {
  std::string embeddings;
  std::string concepts;
  std::string image_mean;
  std::string out;
  std::string model;
  DType dtype = DType::float32;
  std::int64_t last = 0;
  bool no_center = false;
  VocabularyArguments vocabulary;
  ReportArguments report;
};

void check_lengths(const DictionaryBuildArguments& a, std::int64_t rows, std::size_t names) {
  if (static_cast<std::int64_t>(names) == rows) return;
  throw ArgumentError(fmt::format("--concepts: got {} in '{}'; expected {}, one for each row of '{}'",
                                  counted(static_cast<std::int64_t>(names), "line"), a.concepts,
                                  rows, a.embeddings));
}

/// Embeddings and their names, or a model and the words that it embeds.
void check_sources(const DictionaryBuildArguments& a) {
  if (!a.embeddings.empty()) {
    if (a.concepts.empty()) {
      throw ArgumentError(fmt::format("--concepts: got none, and --embeddings '{}'; expected the names of its rows", a.embeddings));
    }
    if (a.vocabulary.given()) {
      throw ArgumentError("--vocabulary: got it, or a rule of it, together with --embeddings; expected a model to embed words with");
    }
    const std::string unused = given_model_option(a.vocabulary.model, false);
    if (!unused.empty()) throw ArgumentError(fmt::format("{}: got it together with --embeddings; expected a model that embeds words", unused));
    return;
  }
  if (a.model.empty()) {
    throw ArgumentError("--embeddings: got none, and no --model; expected --embeddings and --concepts, or --model and --vocabulary");
  }
  if (!a.concepts.empty()) {
    throw ArgumentError(fmt::format("--concepts: got '{}' and no --embeddings; expected embeddings, or --vocabulary with --model", a.concepts));
  }
  if (a.last != 0) {
    throw ArgumentError(fmt::format("--last: got {} with --model; expected --size, which counts the words that are kept", a.last));
  }
}

ExitCode build(const DictionaryBuildArguments& a) {
  check_sources(a);
  check_dictionary_out(a.out);
  if (a.embeddings.empty()) {
    return build_by_model({a.vocabulary, a.model, a.image_mean, a.out, {!a.no_center, 0, a.dtype}, a.report});
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
  remember_file(space, "vocabulary", a.concepts);
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
  const auto a = std::make_shared<DictionaryBuildArguments>();
  verb->add_option("-e,--embeddings", a->embeddings, "Text embeddings [p, d] (.npy or .safetensors)")->type_name("PATH");
  verb->add_option("-c,--concepts", a->concepts, "One concept a line, UTF-8, in the order of the rows")->type_name("FILE");
  verb->add_option("--image-mean", a->image_mean, "Mean of unit image embeddings (.npy), kept in the dictionary")->type_name("FILE");
  verb->add_option("-o,--out", a->out, "Dictionary to write (.safetensors)")->type_name("FILE")->required();
  add_whole_number(*verb, "--last", a->last, 0, std::numeric_limits<std::int64_t>::max(),
                   "Only the last this many lines (the most frequent of the shipped lists); 0 = all");
  verb->add_flag("--no-center", a->no_center, "Do not subtract the vocabulary's mean");
  add_dtype(*verb, "--dtype", a->dtype,
            "Type that atoms are rounded to and kept in: float32, float16 or bfloat16 (half the file and memory)");
  verb->add_option("--model", a->model, "CLIP model (a folder) that embeds --vocabulary; with --embeddings: the encoder's name, kept as provenance")
      ->type_name("DIR|TEXT");
  add_vocabulary_options(*verb, a->vocabulary);
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice dictionary build --embeddings text.npy --concepts words.txt --image-mean mean.npy --out dict.safetensors");
  verb->callback([a, &chosen] { chosen = [a] { return build(*a); }; });
}

}  // namespace splice_cuda::cli

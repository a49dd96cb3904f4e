#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/argument_parsing.hpp"
#include "cli/dropped_concepts.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/experiments/dictionary_learning.hpp"
#include "cli/experiments/walked_rows.hpp"
#include "cli/image_mean.hpp"
#include "cli/input_checks.hpp"
#include "cli/listing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/problem_arguments.hpp"
#include "cli/progress_line.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/learn_dictionary.hpp"
#include "splice_cuda/random_dictionary.hpp"
#include "splice_cuda/version.hpp"

namespace splice_cuda::cli {
namespace {

struct DictionaryLearnArguments {
  std::string embeddings;
  std::string image_mean;
  std::string init = "data";
  std::string name_by;
  std::string out;
  std::int64_t size = 0;
  std::int64_t epochs = LearnOptions{}.epochs;
  std::int64_t batch_size = LearnOptions{}.batch_size;
  std::int64_t seed = 0;
  std::optional<double> l1_penalty;
  ResourceArguments resources;
  ReportArguments report;

  bool init_is_file() const { return init != "data" && init != "random"; }
};

struct Dictionaries {
  std::optional<ConceptSpace> start;
  std::optional<ConceptSpace> named;
};

Dictionaries load_dictionaries(const DictionaryLearnArguments& a, std::int64_t dim) {
  Dictionaries d;
  if (a.init_is_file()) d.start = ConceptSpace::load(a.init);
  if (!a.name_by.empty()) d.named = ConceptSpace::load(a.name_by);
  if (d.start) check_same_dim(a.embeddings, dim, a.init, d.start->dim());
  if (d.named) check_same_dim(a.embeddings, dim, a.name_by, d.named->dim());
  return d;
}

std::int64_t settled_size(const DictionaryLearnArguments& a, const Dictionaries& d, std::int64_t rows) {
  if (d.start && a.size > 0 && a.size != d.start->size()) {
    throw ArgumentError(fmt::format("--size: got {}; expected {}, as many as '{}' has, or none", a.size, d.start->size(), a.init));
  }
  if (!d.start && a.size == 0) throw ArgumentError("--size: got none; expected a number of atoms, or a dictionary to start from (--init)");
  const std::int64_t size = d.start ? d.start->size() : a.size;
  if (a.init == "data" && rows < size) {
    throw ArgumentError(fmt::format("--size: got {} atoms with --init data; expected at most {}, the rows of '{}', or --init random", size, rows, a.embeddings));
  }
  return size;
}

/// The mean that atoms live around: what --image-mean says, or that of the dictionaries named, or that of the rows themselves.
std::vector<float> settled_mean(const DictionaryLearnArguments& a, const Dictionaries& d, const io::EmbeddingSource& source) {
  if (a.image_mean == "none") return {};
  if (!a.image_mean.empty() && a.image_mean != "batch") return read_mean(a.image_mean, source.dim(), "the embeddings");
  if (a.image_mean.empty()) {
    for (const auto* space : {&d.start, &d.named}) {
      if (*space && !(*space)->image_mean().empty()) return (*space)->image_mean();
    }
    print_note(a.report.quiet, "note: no dictionary gives an image mean; the mean of the embeddings themselves is subtracted and kept (--image-mean says otherwise)");
  }
  return mean_of_unit_rows(source, a.report.quiet).mean();
}

std::vector<float> start_atoms(const DictionaryLearnArguments& a, const Dictionaries& d, std::int64_t size, std::int64_t dim) {
  if (a.init == "random") return random_atoms(size, dim, static_cast<std::uint64_t>(a.seed));
  std::vector<float> atoms;
  if (!d.start) return atoms;
  atoms.resize(static_cast<std::size_t>(size * dim));
  d.start->read_atoms(0, {atoms.data(), size, dim});
  for (std::int64_t j = 0; j < size; ++j) {
    const std::span<const float> atom(atoms.data() + j * dim, static_cast<std::size_t>(dim));
    if (has_direction(atom)) continue;
    throw ArgumentError(fmt::format("--init: got '{}', whose atom {} is zero or not finite; expected atoms with a direction", a.init, j));
  }
  return atoms;
}

nlohmann::ordered_json epochs_json(const LearnedDictionary& learned) {
  nlohmann::ordered_json epochs = nlohmann::ordered_json::array();
  for (const LearnEpoch& e : learned.epochs) {
    epochs.push_back({{"rows", e.rows}, {"objective", e.objective}, {"mean_l0", e.mean_l0}, {"unused", e.unused}, {"replaced", e.replaced}});
  }
  return epochs;
}

std::string epochs_text(const LearnedDictionary& learned) {
  std::string text = fmt::format("{:>7}  {:>9}  {:>8}  {:>7}  {:>8}\n", "epoch", "objective", "concepts", "unused", "replaced");
  for (std::size_t i = 0; i < learned.epochs.size(); ++i) {
    const LearnEpoch& e = learned.epochs[i];
    text += fmt::format("{:>7}  {:>9.6f}  {:>8.2f}  {:>7}  {:>8}\n", i + 1, e.objective, e.mean_l0, e.unused, e.replaced);
  }
  return text;
}

void remember(ConceptSpace& space, const DictionaryLearnArguments& a, float l1_penalty, double objective) {
  auto& provenance = space.provenance();
  provenance["built_by"] = "splice " SPLICE_CUDA_VERSION_STRING;
  provenance["centered"] = space.image_mean().empty() ? "no" : "yes";
  provenance["learned_l1_penalty"] = fmt::format("{}", l1_penalty);
  provenance["learned_epochs"] = std::to_string(a.epochs);
  if (a.batch_size > 0) provenance["learned_batch_size"] = std::to_string(a.batch_size);
  provenance["learned_seed"] = std::to_string(a.seed);
  provenance["learned_objective"] = fmt::format("{:.6g}", objective);
  if (!a.init_is_file()) provenance["learned_init"] = a.init;
  else remember_file(space, "learned_init", a.init);
  if (!a.name_by.empty()) remember_file(space, "named_by", a.name_by);
  if (std::filesystem::is_regular_file(a.embeddings)) remember_file(space, "learned_from", a.embeddings);
}

ExitCode learn(const DictionaryLearnArguments& a) {
  check_dictionary_out(a.out);
  const auto source = io::EmbeddingSource::open(a.embeddings);
  const std::int64_t dim = source->dim();
  std::vector<std::filesystem::path> inputs = {a.embeddings};
  for (const std::string& input : {a.init_is_file() ? a.init : std::string(), a.name_by, a.image_mean == "batch" || a.image_mean == "none" ? std::string() : a.image_mean}) {
    if (!input.empty()) inputs.emplace_back(input);
  }
  check_output(a.out, inputs);
  const Dictionaries dictionaries = load_dictionaries(a, dim);
  const ResourceArguments resources = settled_resources(a.resources, a.report.quiet);
  LearnOptions options;
  options.size = settled_size(a, dictionaries, source->rows());
  if (source->rows() == 0) throw FileError(a.embeddings + ": found no rows, expected embeddings to learn from");
  if (a.l1_penalty) options.l1_penalty = as_float("--l1-penalty", *a.l1_penalty);
  options.epochs = a.epochs;
  options.batch_size = a.batch_size;
  options.seed = static_cast<std::uint64_t>(a.seed);
  const std::vector<float> start = start_atoms(a, dictionaries, options.size, dim);
  if (!start.empty()) options.start = {start.data(), options.size, dim};

  // Rows are prepared by a space that has the mean; its atom has no part in it.
  const std::vector<float> axis = random_atoms(1, dim, 0);
  ConceptSpace preparing = ConceptSpace::from_atoms(MatrixView<const float>(axis.data(), 1, dim));
  preparing.set_image_mean(settled_mean(a, dictionaries, *source));
  ProgressLine progress("learn", source->rows() * a.epochs, a.report.quiet);
  std::int64_t read = 0;
  const RowReader rows = prepared_rows(*source, preparing);
  const RowReader counted_rows = [&](std::int64_t first, MatrixView<float> out) {
    rows(first, out);
    progress.update(read += out.rows);
  };
  const Context context = make_context(resources);
  const auto begin = std::chrono::steady_clock::now();
  const LearnedDictionary learned = learn_dictionary(context, counted_rows, source->rows(), dim, options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (learned.epochs.back().rows == 0) throw FileError(a.embeddings + ": found no row with a direction, expected embeddings to learn from");

  const MatrixView<const float> atoms(learned.atoms.data(), options.size, dim);
  std::vector<std::string> names = dictionaries.named ? nearest_concept_names(context, *dictionaries.named, atoms) : numbered_names("learned", options.size);
  ConceptSpace space = ConceptSpace::from_atoms(atoms, std::move(names));
  space.set_image_mean(preparing.image_mean());
  const double objective = dictionary_objective(context, space.dictionary(context), rows, source->rows(), options.l1_penalty);
  remember(space, a, options.l1_penalty, objective);
  space.save(a.out);

  const double per_second = static_cast<double>(source->rows() * a.epochs) / std::max(seconds, 1e-9);
  if (a.report.json) {
    nlohmann::ordered_json json = {{"atoms", options.size}, {"dim", dim}, {"rows", learned.epochs.back().rows}, {"zero_rows", learned.zero_rows},
                                   {"non_finite_rows", learned.non_finite_rows}, {"l1_penalty", options.l1_penalty}, {"objective", objective},
                                   {"seconds", seconds}, {"rows_per_second", per_second}, {"epochs", epochs_json(learned)}};
    print_result(json_text(json, 2) + "\n");
  } else {
    print_result(epochs_text(learned) + fmt::format("{} learned from {} in {} ({} rows/s); objective over all rows {:.6f}\n", counted(options.size, "atom"),
                                                    counted(learned.epochs.back().rows, "row"), duration(seconds), rate(per_second), objective));
    if (learned.zero_rows > 0) print_result(fmt::format("left out {} of zeros\n", counted(learned.zero_rows, "row")));
    if (learned.non_finite_rows > 0) print_result(fmt::format("left out {} with NaN or infinity\n", counted(learned.non_finite_rows, "row")));
  }
  print_note(a.report.quiet, "wrote " + a.out);
  return ExitCode::ok;
}

}  // namespace

void add_dictionary_learn(CLI::App& dictionary, Run& chosen) {
  CLI::App* verb = dictionary.add_subcommand("learn", "Atoms learned from embeddings, with non-negative sparse codes: what words are compared with");
  const auto a = std::make_shared<DictionaryLearnArguments>();
  verb->add_option("-e,--embeddings", a->embeddings, "Embeddings [n, d] to learn from (.npy, .safetensors, or a folder of img_emb_*.npy); read once an epoch")
      ->type_name("PATH")->required();
  add_whole_number(*verb, "--size", a->size, 1, 0x7fffffff - 64, "Atoms; default: as many as the dictionary of --init has")->default_str("");
  add_positive_number(*verb, "--l1-penalty", a->l1_penalty, "0.25", "The penalty on weights that atoms are learned for");
  add_whole_number(*verb, "--epochs", a->epochs, 1, 100000, "Walks over all rows");
  add_whole_number(*verb, "--batch-size", a->batch_size, 0, 1 << 24, "Rows decomposed with the same atoms; 0 = a 32nd of them, but 32 to 1024");
  add_whole_number(*verb, "--seed", a->seed, 0, 0x7fffffffffffffff, "Of the order of rows and of the start");
  verb->add_option("--init", a->init, "Atoms to start from: 'data' (rows), 'random' directions, or a dictionary")->type_name("data|random|FILE")->capture_default_str();
  verb->add_option("--name-by", a->name_by, "Dictionary whose nearest concepts name the atoms; default: learned 0, learned 1, ...")->type_name("FILE");
  verb->add_option("--image-mean", a->image_mean,
                   "Mean to subtract: a .npy, 'batch' (mean of these embeddings) or 'none'; default: that of --init or --name-by, else 'batch'")
      ->type_name("FILE|batch|none");
  verb->add_option("-o,--out", a->out, "Dictionary to write (.safetensors)")->type_name("FILE")->required();
  add_resource_options(*verb, a->resources);
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice dictionary learn --embeddings images.npy --size 1000 --l1-penalty 0.25 --out learned.safetensors");
  verb->callback([a, &chosen] { chosen = [a] { return learn(*a); }; });
}

}  // namespace splice_cuda::cli

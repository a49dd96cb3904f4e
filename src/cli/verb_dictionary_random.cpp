#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/argument_parsing.hpp"
#include "cli/dropped_concepts.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/experiments/dictionary_learning.hpp"
#include "cli/health_text.hpp"
#include "cli/input_checks.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "experiments/random_numbers.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/random_dictionary.hpp"
#include "splice_cuda/version.hpp"

namespace splice_cuda::cli {
namespace {

struct DictionaryRandomArguments {
  std::int64_t size = 0;
  std::int64_t dim = 0;
  std::string like;
  bool like_spectrum = false;
  std::int64_t seed = 0;
  std::string out;
  ReportArguments report;
};

void check_choice(const DictionaryRandomArguments& a) {
  if (a.like.empty() == (a.dim == 0)) {
    throw ArgumentError(a.like.empty() ? "--dim: got none, and no --like; expected the atoms' length, or a dictionary that says it"
                                       : fmt::format("--dim: got {} together with --like; expected only one of them", a.dim));
  }
  if (a.like.empty() && a.like_spectrum) throw ArgumentError("--like-spectrum: got it without --like; expected the dictionary whose covariance is taken");
  if (a.like.empty() && a.size == 0) throw ArgumentError("--size: got none, and no --like; expected a number of atoms");
  check_dictionary_out(a.out);
}

/// random_atoms in blocks, between which the command can be stopped. Each begins where the one before left the generator: a normal
/// number takes two of its outputs.
std::vector<float> draw_atoms(std::int64_t size, std::int64_t dim, std::uint64_t seed) {
  const std::int64_t at_once = std::max<std::int64_t>(1, (std::int64_t{1} << 20) / dim);
  std::vector<float> atoms;
  atoms.reserve(static_cast<std::size_t>(size * dim));
  for (std::int64_t first = 0; first < size; first += at_once) {
    signals::throw_if_stop_requested();
    const std::uint64_t outputs = 2 * static_cast<std::uint64_t>(first * dim);
    const std::vector<float> block = random_atoms(std::min(at_once, size - first), dim, seed + outputs * SplitMix64::step);
    atoms.insert(atoms.end(), block.begin(), block.end());
  }
  return atoms;
}

ExitCode write_random(const DictionaryRandomArguments& a) {
  check_choice(a);
  check_output(a.out, a.like.empty() ? std::vector<std::filesystem::path>{} : std::vector<std::filesystem::path>{a.like});
  std::optional<ConceptSpace> like;
  if (!a.like.empty()) like = ConceptSpace::load(a.like);
  const std::int64_t size = a.size > 0 ? a.size : like->size();
  const std::int64_t dim = like ? like->dim() : a.dim;
  const auto seed = static_cast<std::uint64_t>(a.seed);
  const std::vector<float> atoms = a.like_spectrum ? random_atoms_like(*like, size, seed) : draw_atoms(size, dim, seed);
  signals::throw_if_stop_requested();
  ConceptSpace space = ConceptSpace::from_atoms(MatrixView<const float>(atoms.data(), size, dim), numbered_names("random", size));
  space.provenance()["built_by"] = "splice " SPLICE_CUDA_VERSION_STRING;
  space.provenance()["random"] = a.like_spectrum ? "normal directions with the mean and covariance of the dictionary `like`" : "normal directions";
  space.provenance()["seed"] = std::to_string(a.seed);
  if (like) {
    space.set_image_mean(like->image_mean());
    remember_file(space, "like", a.like);
  }
  signals::throw_if_stop_requested();
  space.save(a.out);
  print_result(a.report.json ? space_json(space).dump(2) + "\n" : size_text(space));
  print_note(a.report.quiet, "wrote " + a.out);
  return ExitCode::ok;
}

}  // namespace

void add_dictionary_random(CLI::App& dictionary, Run& chosen) {
  CLI::App* verb = dictionary.add_subcommand("random", "Directions without meaning: the baseline of the paper's curves");
  const auto a = std::make_shared<DictionaryRandomArguments>();
  add_whole_number(*verb, "--size", a->size, 1, 0x7fffffff - 64, "Atoms; default: as many as --like has")->default_str("");
  add_whole_number(*verb, "--dim", a->dim, 1, 65536, "Numbers of an atom, where there is no --like")->default_str("");
  verb->add_option("--like", a->like, "Dictionary whose size, length and image mean are taken")->type_name("FILE");
  verb->add_flag("--like-spectrum", a->like_spectrum, "Also the mean and covariance of its atoms");
  add_whole_number(*verb, "--seed", a->seed, 0, 0x7fffffffffffffff, "Of the random numbers");
  verb->add_option("-o,--out", a->out, "Dictionary to write (.safetensors)")->type_name("FILE")->required();
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice dictionary random --like dict.safetensors --seed 1 --out random.safetensors");
  verb->callback([a, &chosen] { chosen = [a] { return write_random(*a); }; });
}

}  // namespace splice_cuda::cli

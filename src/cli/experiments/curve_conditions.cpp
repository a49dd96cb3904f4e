#include "cli/experiments/curve_conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/experiments/dictionary_learning.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/random_dictionary.hpp"
#include "splice_cuda/sparsity_curve.hpp"

namespace splice_cuda::cli {
namespace {

struct BaselineKind {
  const char* name;
  bool takes_file;
  const char* description;
};
constexpr std::array kinds = {
    BaselineKind{"dense", false, "the embeddings themselves"},
    BaselineKind{"signed", false, "the same dictionary, weights of either sign"},
    BaselineKind{"uncentered", true, "the same concepts, neither they nor the rows centred"},
    BaselineKind{"random", true, "as many random directions"},
    BaselineKind{"random-spectrum", false, "as many random directions with the mean and covariance of the concepts"},
    BaselineKind{"learned", true, "atoms learned from embeddings"},
};

const BaselineKind* kind_of(const std::string& name) {
  const auto place = std::find_if(kinds.begin(), kinds.end(), [&](const BaselineKind& kind) { return name == kind.name; });
  return place == kinds.end() ? nullptr : &*place;
}

std::string kind_names() {
  std::string names;
  for (const BaselineKind& kind : kinds) names += (names.empty() ? "" : ", ") + std::string(kind.name) + (kind.takes_file ? "[=FILE]" : "");
  return names;
}

Baseline parse_baseline(const std::string& word) {
  const std::size_t equals = word.find('=');
  const Baseline baseline{word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1)};
  const BaselineKind* kind = kind_of(baseline.kind);
  const bool wrong_file = equals != std::string::npos && (baseline.file.empty() || (kind != nullptr && !kind->takes_file));
  if (kind == nullptr || wrong_file) throw ArgumentError(fmt::format("--baseline: got '{}'; expected some of {}", word, kind_names()));
  return baseline;
}

ConceptSpace of_atoms(const std::vector<float>& atoms, const ConceptSpace& space, const std::string& stem) {
  return ConceptSpace::from_atoms(MatrixView<const float>(atoms.data(), space.size(), space.dim()), numbered_names(stem, space.size()));
}

ConceptSpace from_file(const Baseline& baseline, const ConceptSpace& space) {
  ConceptSpace loaded = ConceptSpace::load(baseline.file);
  if (loaded.dim() != space.dim()) {
    throw ArgumentError(fmt::format("--baseline: got atoms of {} numbers in '{}'; expected {}, as the dictionary has", loaded.dim(), baseline.file, space.dim()));
  }
  return loaded;
}

ConceptSpace space_of(const Baseline& baseline, const ConceptSpace& space, bool own_means, std::uint64_t seed, const ConceptSpace* learned) {
  const auto with_mean = [&](ConceptSpace made) {
    if (!own_means || made.image_mean().empty()) made.set_image_mean(space.image_mean());
    return made;
  };
  if (baseline.kind == "uncentered") {
    if (baseline.file.empty()) return uncentered_space(space);
    ConceptSpace loaded = from_file(baseline, space);
    loaded.set_image_mean({});
    return loaded;
  }
  if (!baseline.file.empty()) return with_mean(from_file(baseline, space));
  if (baseline.kind == "random") return with_mean(of_atoms(random_atoms(space.size(), space.dim(), seed), space, "random"));
  if (baseline.kind == "random-spectrum") return with_mean(of_atoms(random_atoms_like(space, space.size(), seed), space, "random"));
  if (baseline.kind == "learned") return *learned;
  return space;
}

}  // namespace

CLI::Option* add_baselines(CLI::App& verb, std::vector<Baseline>& baselines) {
  const auto parse = [&baselines](const std::vector<std::string>& values) {
    baselines.clear();
    for (const std::string& value : values) {
      for (std::size_t first = 0; first <= value.size();) {
        const std::size_t comma = std::min(value.find(',', first), value.size());
        Baseline baseline = parse_baseline(value.substr(first, comma - first));
        if (has_baseline(baselines, baseline.kind)) throw ArgumentError(fmt::format("--baseline: got '{}' twice; expected different ones", baseline.kind));
        baselines.push_back(std::move(baseline));
        first = comma + 1;
      }
    }
  };
  return verb.add_option_function<std::vector<std::string>>("--baseline", parse, "What to compare with, with commas between (repeatable): " + kind_names())
      ->type_name("LIST")->allow_extra_args(false);
}

bool has_baseline(const std::vector<Baseline>& baselines, const std::string& kind) {
  return std::any_of(baselines.begin(), baselines.end(), [&](const Baseline& baseline) { return baseline.kind == kind; });
}

std::vector<std::filesystem::path> baseline_files(const std::vector<Baseline>& baselines) {
  std::vector<std::filesystem::path> files;
  for (const Baseline& baseline : baselines) {
    if (!baseline.file.empty()) files.emplace_back(baseline.file);
  }
  return files;
}

std::vector<CurveCondition> curve_conditions(const std::vector<Baseline>& baselines, const ConceptSpace& space, bool own_means, std::uint64_t seed,
                                             const ConceptSpace* learned) {
  std::vector<CurveCondition> conditions = {{"splice", "named concepts, weights of 0 or more, rows and concepts centred as the dictionary says", space}};
  for (const Baseline& baseline : baselines) {
    if (baseline.kind == "dense") continue;
    std::string description = kind_of(baseline.kind)->description;
    if (!baseline.file.empty()) description += " (" + baseline.file + ")";
    else if (baseline.kind == "uncentered" && space.text_mean().empty()) description += "; the dictionary holds no text mean, so its atoms are as they are";
    conditions.push_back({baseline.kind, std::move(description), space_of(baseline, space, own_means, seed, learned), baseline.kind != "signed"});
  }
  return conditions;
}

}  // namespace splice_cuda::cli

#include "cli/experiments/dictionary_learning.hpp"

#include <fmt/format.h>

#include <unordered_set>

#include "cli/signals.hpp"
#include "splice_cuda/decompose.hpp"

namespace splice_cuda::cli {

RowReader prepared_rows(const io::EmbeddingSource& source, const ConceptSpace& space, const std::vector<std::int64_t>* only) {
  return [&source, &space, only](std::int64_t first, MatrixView<float> out) {
    signals::throw_if_stop_requested();
    if (only == nullptr) {
      source.read(first, out);
    } else {
      for (std::int64_t i = 0; i < out.rows; ++i) source.read((*only)[static_cast<std::size_t>(first + i)], out.slice(i, 1));
    }
    space.prepare(MatrixView<const float>(out), out);
  };
}

std::vector<std::string> numbered_names(const std::string& stem, std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t j = 0; j < count; ++j) names.push_back(fmt::format("{} {}", stem, j));
  return names;
}

std::vector<std::string> nearest_concept_names(const Context& context, const ConceptSpace& named, MatrixView<const float> atoms) {
  DecomposeOptions first_of_path;
  first_of_path.target_l0 = 1;  // the atom that enters first is the one of the largest product
  const SparseCodes codes = decompose(context, named.dictionary(context), atoms, first_of_path).codes;
  std::unordered_set<std::string> taken;
  std::vector<std::string> names;
  for (std::int64_t j = 0; j < atoms.rows; ++j) {
    const std::string stem = codes.l0(j) > 0 ? named.name(codes.row_atoms(j).front()) : fmt::format("learned {}", j);
    std::string name = stem;
    for (std::int64_t repeat = 2; !taken.insert(name).second; ++repeat) name = fmt::format("{} ({})", stem, repeat);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace splice_cuda::cli

#include "cli/health_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/image_mean.hpp"
#include "cli/numbers_text.hpp"
#include "cli/text_layout.hpp"

namespace splice_cuda::cli {
namespace {

std::string mean_text(const std::vector<float>& mean) {
  if (mean.empty()) return "none";
  return fmt::format("length {:.4f}", length_of(mean));
}

}  // namespace

std::string size_text(const ConceptSpace& space) {
  const DType dtype = space.atoms().dtype;
  const std::string type = dtype == DType::float32 ? "" : fmt::format(" in {}", to_string(dtype));
  return fmt::format("{} of {}{}\n", counted(space.size(), "concept"), counted(space.dim(), "number"), type);
}

std::string space_text(const ConceptSpace& space) {
  std::string text = size_text(space);
  constexpr std::int64_t most_names = 5;
  text += "first concepts: ";
  for (std::int64_t j = 0; j < std::min(most_names, space.size()); ++j) text += (j == 0 ? "" : ", ") + printable(space.name(j));
  text += fmt::format("{}\ntext mean: {}\nimage mean: {}\n", space.size() > most_names ? ", ..." : "",
                      mean_text(space.text_mean()), mean_text(space.image_mean()));
  for (const auto& [key, value] : space.provenance()) text += fmt::format("{}: {}\n", printable(key), printable(value));
  return text;
}

std::string health_text(const ConceptSpace& space, const DictionaryHealth& health) {
  const auto& q = health.nearest_cosine_quantiles;
  std::string text = fmt::format("coherence: {:.4f} (largest cosine of two atoms)\n", health.coherence);
  text += fmt::format("nearest neighbour's cosine: {:.3f} / {:.3f} / {:.3f} / {:.3f} / {:.3f} (minimum, quartiles, maximum)\n",
                      q[0], q[1], q[2], q[3], q[4]);
  text += fmt::format("effective rank: {:.1f} of {}\n", health.effective_rank, space.dim());
  text += fmt::format("atoms not of length 1: {}\natoms equal to an earlier one: {}\n", grouped(health.non_unit_atoms),
                      grouped(health.equal_atoms));
  if (!health.nearest_pairs.empty()) text += "nearest pairs:\n";
  for (const AtomPair& pair : health.nearest_pairs) {
    text += fmt::format("  {:.4f}  {} | {}\n", pair.cosine, printable(space.name(pair.first)), printable(space.name(pair.second)));
  }
  return text;
}

nlohmann::ordered_json space_json(const ConceptSpace& space) {
  nlohmann::ordered_json json;
  json["concepts"] = space.size();
  json["dim"] = space.dim();
  json["dtype"] = to_string(space.atoms().dtype);
  json["has_text_mean"] = !space.text_mean().empty();
  json["has_image_mean"] = !space.image_mean().empty();
  json["provenance"] = space.provenance();
  return json;
}

nlohmann::ordered_json space_json(const ConceptSpace& space, const DictionaryHealth& health) {
  nlohmann::ordered_json json = space_json(space);
  json["coherence"] = health.coherence;
  json["nearest_cosine_quantiles"] = health.nearest_cosine_quantiles;
  json["effective_rank"] = health.effective_rank;
  json["non_unit_atoms"] = health.non_unit_atoms;
  json["equal_atoms"] = health.equal_atoms;
  json["nearest_pairs"] = nlohmann::ordered_json::array();
  for (const AtomPair& pair : health.nearest_pairs) {
    json["nearest_pairs"].push_back({{"first", space.name(pair.first)}, {"second", space.name(pair.second)}, {"cosine", pair.cosine}});
  }
  return json;
}

}  // namespace splice_cuda::cli

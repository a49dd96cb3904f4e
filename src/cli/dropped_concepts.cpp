#include "cli/dropped_concepts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/numbers_text.hpp"
#include "cli/sha256.hpp"
#include "cli/text_layout.hpp"
#include "io/utf8.hpp"

namespace splice_cuda::cli {
namespace {

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

}  // namespace

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

void remember_file(ConceptSpace& space, const std::string& key, const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (io::is_utf8(name)) space.provenance()[key] = name;  // a file's name may be any bytes
  space.provenance()[key + "_sha256"] = sha256_of_file(path);
}

}  // namespace splice_cuda::cli

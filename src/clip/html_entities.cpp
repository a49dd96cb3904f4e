#include "clip/html_entities.hpp"

#include <algorithm>
#include <span>

namespace splice_cuda::clip {
namespace {

struct Entity {
  std::string_view name;
  std::string_view text;
};

#include "clip/html_entities.inc"

std::optional<std::string_view> find(std::span<const Entity> table, std::string_view name) {
  const auto at =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const Entity& entity, std::string_view wanted) { return entity.name < wanted; });
  if (at == table.end() || at->name != name) return std::nullopt;
  return at->text;
}

}  // namespace

std::optional<std::string_view> html_entity(std::string_view name) { return find(html_entities, name); }

std::optional<std::string_view> capital_entity(std::string_view name) { return find(capital_entities, name); }

}  // namespace splice_cuda::clip

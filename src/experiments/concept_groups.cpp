#include "splice_cuda/concept_groups.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "core/validate.hpp"
#include "experiments/unit_atoms.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Whether `words` stands in `text`, bounded by blanks or the ends of the text.
bool contains_words(std::string_view text, std::string_view words) {
  const auto blank = [](char letter) { return blanks.find(letter) != std::string_view::npos; };
  for (std::size_t at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) {
    const std::size_t end = at + words.size();
    if ((at == 0 || blank(text[at - 1])) && (end == text.size() || blank(text[end]))) return true;
  }
  return false;
}

double cosine_of(const ConceptSpace& space, std::int32_t atom, const std::optional<std::int32_t>& by) {
  return by ? dot(unit_atom(space, atom), unit_atom(space, *by)) : std::numeric_limits<double>::quiet_NaN();
}

using Members = std::map<std::int32_t, GroupMember>;

void add_named(const ConceptSpace& space, const ConceptGroupOptions& options, const std::vector<std::string>& concepts, Members& members) {
  for (const std::string& wanted : concepts) {
    const bool elsewhere = options.words && !space.find(wanted) &&
                           std::any_of(space.names().begin(), space.names().end(), [&](const std::string& name) { return contains_words(name, wanted); });
    if (elsewhere) continue;
    const std::int32_t atom = space.at(wanted);
    members.emplace(atom, GroupMember{atom, MemberOrigin::named, wanted, 1});
  }
}

void add_by_words(const ConceptSpace& space, const std::vector<std::string>& concepts, Members& members) {
  for (const std::string& wanted : concepts) {
    const std::optional<std::int32_t> by = space.find(wanted);
    for (std::int64_t j = 0; j < space.size(); ++j) {
      const auto atom = static_cast<std::int32_t>(j);
      if (members.contains(atom) || !contains_words(space.name(j), wanted)) continue;
      members.emplace(atom, GroupMember{atom, MemberOrigin::word, wanted, cosine_of(space, atom, by)});
    }
  }
}

void add_synonyms(const ConceptSpace& space, double least, Members& members) {
  std::vector<std::pair<std::int32_t, std::vector<double>>> named;
  for (const auto& [atom, member] : members) {
    if (member.origin == MemberOrigin::named) named.emplace_back(atom, unit_atom(space, atom));
  }
  for (std::int64_t j = 0; j < space.size() && !named.empty(); ++j) {
    const auto atom = static_cast<std::int32_t>(j);
    if (members.contains(atom)) continue;
    const std::vector<double> own = unit_atom(space, j);
    GroupMember nearest{atom, MemberOrigin::synonym, {}, -std::numeric_limits<double>::infinity()};
    for (const auto& [other, unit] : named) {
      const double cosine = dot(own, unit);
      if (cosine > nearest.cosine) nearest = {atom, MemberOrigin::synonym, space.name(other), cosine};
    }
    if (nearest.cosine >= least) members.emplace(atom, std::move(nearest));
  }
}

}  // namespace

std::string_view to_string(MemberOrigin origin) noexcept {
  switch (origin) {
    case MemberOrigin::named: return "named";
    case MemberOrigin::word: return "word";
    case MemberOrigin::synonym: break;
  }
  return "synonym";
}

std::vector<std::int32_t> ConceptGroup::atoms() const {
  std::vector<std::int32_t> atoms;
  for (const GroupMember& member : members) atoms.push_back(member.atom);
  return atoms;
}

ConceptGroupText parse_concept_group(std::string_view text) {
  const auto refuse = [&] { fail_argument("group", "'" + std::string(text) + "'", "NAME=concept,concept,..."); };
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) refuse();
  ConceptGroupText group{std::string(trimmed(text.substr(0, equals))), {}};
  if (group.name.empty()) refuse();
  std::string_view rest = text.substr(equals + 1);
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view one = trimmed(rest.substr(0, comma));
    if (one.empty()) refuse();
    group.concepts.emplace_back(one);
    if (comma == std::string_view::npos) return group;
    rest.remove_prefix(comma + 1);
  }
}

ConceptGroup make_concept_group(const ConceptSpace& space, std::string name, const std::vector<std::string>& concepts,
                                const ConceptGroupOptions& options) {
  if (concepts.empty()) fail_argument("group", "'" + name + "' without concepts", "at least one");
  if (options.words && std::any_of(concepts.begin(), concepts.end(), [](const std::string& wanted) { return trimmed(wanted).empty(); })) {
    fail_argument("group", "an empty concept in '" + name + "'", "names of concepts");
  }
  if (options.synonym_cosine && !(*options.synonym_cosine > 0 && *options.synonym_cosine <= 1)) {
    fail_argument("synonym_cosine", std::to_string(*options.synonym_cosine), "a cosine above 0, at most 1");
  }
  Members members;
  try {
    add_named(space, options, concepts, members);
  } catch (const ArgumentError& error) {
    throw ArgumentError("group '" + name + "': " + error.what());
  }
  if (options.words) add_by_words(space, concepts, members);
  if (options.synonym_cosine) add_synonyms(space, *options.synonym_cosine, members);
  ConceptGroup group{std::move(name), {}};
  for (auto& [atom, member] : members) group.members.push_back(std::move(member));
  return group;
}

std::vector<GroupOverlap> find_overlaps(std::span<const ConceptGroup> groups) {
  std::vector<GroupOverlap> overlaps;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::vector<std::int32_t> own = groups[i].atoms();
    for (std::size_t k = i + 1; k < groups.size(); ++k) {
      const std::vector<std::int32_t> other = groups[k].atoms();
      GroupOverlap overlap{static_cast<std::int64_t>(i), static_cast<std::int64_t>(k), {}};
      std::set_intersection(own.begin(), own.end(), other.begin(), other.end(), std::back_inserter(overlap.atoms));
      if (!overlap.atoms.empty()) overlaps.push_back(std::move(overlap));
    }
  }
  return overlaps;
}

}  // namespace splice_cuda

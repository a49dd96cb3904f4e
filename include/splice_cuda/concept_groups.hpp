#pragma once

/// @file concept_groups.hpp
/// Several concepts under one name: "swimwear" and what else says it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "splice_cuda/concept_space.hpp"

namespace splice_cuda {

/// Why a concept is in a group.
enum class MemberOrigin : std::uint8_t {
  named,    ///< it was asked for
  word,     ///< it contains a name that was asked for, as whole words
  synonym,  ///< its atom is near to that of a concept that was asked for
};

/// "named", "word", "synonym".
std::string_view to_string(MemberOrigin origin) noexcept;

struct GroupMember {
  std::int32_t atom = 0;
  MemberOrigin origin = MemberOrigin::named;
  /// The name that was asked for and brought it in: itself, the words in it, or the nearest one.
  std::string by;
  double cosine = 1;  ///< with the atom of `by`; 1 for named, NaN where `by` is no concept of the dictionary
};

struct ConceptGroup {
  std::string name;
  std::vector<GroupMember> members;  ///< ascending by atom, each once

  /// Indices of the members, ascending.
  std::vector<std::int32_t> atoms() const;
};

struct ConceptGroupOptions {
  /// Adds every concept whose atom's cosine with that of a concept that was named is at least this, in (0, 1]. Only the
  /// named ones draw others in, so that a group does not creep away over synonyms of synonyms.
  std::optional<double> synonym_cosine;
  /// Adds every concept in which a name stands as whole words: "night" brings in "dark night". A name that is no concept
  /// by itself will do then, if some concept contains it.
  bool words = false;
};

/// A group as it is written: "NAME=concept,concept". Blanks around the parts are no part of them.
struct ConceptGroupText {
  std::string name;
  std::vector<std::string> concepts;
};

/// @throws ArgumentError for text without '=', without a name, or with an empty concept
ConceptGroupText parse_concept_group(std::string_view text);

/// Finds the concepts. Names given twice count once.
/// @throws ArgumentError for no names, a name that is not there (offers the nearest), a cosine out of range
ConceptGroup make_concept_group(const ConceptSpace& space, std::string name, const std::vector<std::string>& concepts,
                                const ConceptGroupOptions& options = {});

/// Two groups that share concepts, whose weights would count for both.
struct GroupOverlap {
  std::int64_t first = 0;  ///< indices into the groups
  std::int64_t second = 0;
  std::vector<std::int32_t> atoms;  ///< shared, ascending
};

/// All pairs that overlap, in order.
std::vector<GroupOverlap> find_overlaps(std::span<const ConceptGroup> groups);

}  // namespace splice_cuda

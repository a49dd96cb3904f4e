#include "cli/experiments/group_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/argument_parsing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/text_layout.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

void tell_overlaps(const ConceptSpace& space, const std::vector<ConceptGroup>& groups, bool quiet) {
  for (const GroupOverlap& overlap : find_overlaps(groups)) {
    print_note(quiet, fmt::format("note: groups '{}' and '{}' share {}, '{}' first: their weights count for both",
                                  printable(groups[static_cast<std::size_t>(overlap.first)].name),
                                  printable(groups[static_cast<std::size_t>(overlap.second)].name),
                                  counted(static_cast<std::int64_t>(overlap.atoms.size()), "concept"), printable(space.name(overlap.atoms.front()))));
  }
}

}  // namespace

void add_group_options(CLI::App& verb, GroupArguments& arguments) {
  verb.add_option("--group", arguments.groups, "Concepts that are counted together under a name (repeatable)")
      ->type_name("NAME=CONCEPT,CONCEPT")->allow_extra_args(false);
  add_positive_number(verb, "--synonyms", arguments.synonyms, "", "Add to groups every concept whose cosine with one that was named is at least this");
  verb.add_flag("--words", arguments.words, "Add to groups every concept that contains a named one as whole words");
}

ConceptGroupOptions group_options(const GroupArguments& arguments) {
  if (arguments.synonyms && *arguments.synonyms > 1) {
    throw ArgumentError(fmt::format("--synonyms: got {}; expected a cosine above 0, at most 1", *arguments.synonyms));
  }
  return {arguments.synonyms, arguments.words};
}

std::vector<ConceptGroup> find_groups(const ConceptSpace& space, const GroupArguments& arguments, bool quiet) {
  const ConceptGroupOptions options = group_options(arguments);
  std::vector<ConceptGroup> groups;
  for (const std::string& text : arguments.groups) {
    try {
      const ConceptGroupText parsed = parse_concept_group(text);
      groups.push_back(make_concept_group(space, parsed.name, parsed.concepts, options));
    } catch (const ArgumentError& error) {
      throw ArgumentError(std::string("--group: ") + error.what());
    }
    const std::string& name = groups.back().name;
    if (std::any_of(groups.begin(), groups.end() - 1, [&](const ConceptGroup& other) { return other.name == name; })) {
      throw ArgumentError(fmt::format("--group: got '{}' twice; expected different names", printable(name)));
    }
  }
  tell_overlaps(space, groups, quiet);
  return groups;
}

ResultTable members_table(const ConceptSpace& space, const std::vector<ConceptGroup>& groups) {
  ResultTable table{"members", "Concepts of the groups",
                    "Why a concept is in its group: named, as a word in a longer concept, or as a synonym; cosine is that of its atom with the "
                    "one that brought it in.",
                    {{"group", "group"}, {"concept", "concept"}, {"origin", "origin"}, {"by", "by"}, {"cosine", "cosine", ColumnKind::number}},
                    {}};
  for (const ConceptGroup& group : groups) {
    for (const GroupMember& member : group.members) {
      table.add({group.name, space.name(member.atom), std::string(to_string(member.origin)), member.by, member.cosine});
    }
  }
  return table;
}

}  // namespace splice_cuda::cli

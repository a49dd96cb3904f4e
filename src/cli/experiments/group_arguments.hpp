#pragma once

/// @file group_arguments.hpp
/// Groups of concepts on the command line.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/experiments/result_document.hpp"
#include "splice_cuda/concept_groups.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

struct GroupArguments {
  std::vector<std::string> groups;  ///< each NAME=concept,concept
  std::optional<double> synonyms;
  bool words = false;
};
/// --group (repeatable), --synonyms and --words.
void add_group_options(CLI::App& verb, GroupArguments& arguments);

/// What --synonyms and --words say. @throws ArgumentError
ConceptGroupOptions group_options(const GroupArguments& arguments);

/// The groups that --group names; says on stderr which of them overlap.
/// @throws ArgumentError for malformed groups, two of one name, concepts that are not there
std::vector<ConceptGroup> find_groups(const ConceptSpace& space, const GroupArguments& arguments, bool quiet);

/// A table "members": a row a concept of a group, and why it is in it.
ResultTable members_table(const ConceptSpace& space, const std::vector<ConceptGroup>& groups);

}  // namespace splice_cuda::cli

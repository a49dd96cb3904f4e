#pragma once

/// @file edit_arguments.hpp
/// Edits of concepts on the command line.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/experiments/group_arguments.hpp"
#include "cli/experiments/result_document.hpp"
#include "splice_cuda/concept_groups.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/edit_codes.hpp"

namespace splice_cuda::cli {

struct EditArguments {
  std::vector<std::string> remove;  ///< concepts or groups
  std::vector<std::string> scale;   ///< each NAME=factor
  std::vector<std::string> force;   ///< each NAME=weight
  GroupArguments groups;            ///< those that no option names are removed
  std::string mode = "zero";        ///< or resolve
};
/// --remove, --scale, --force, --group, --synonyms, --words and --mode.
void add_edit_options(CLI::App& verb, EditArguments& arguments);

enum class EditAction : std::uint8_t { remove, scale, force };
/// "remove", "scale", "force".
const char* to_string(EditAction action) noexcept;

struct EditedConcept {
  EditAction action = EditAction::remove;
  float number = 0;  ///< factor or weight
  std::string asked;      ///< the concept or group that the option named; empty for one that was drawn
  GroupMember member;
  bool by_chance = false; ///< drawn as a control: of member, only the atom counts
};

struct ConceptEdits {
  std::vector<EditedConcept> concepts;  ///< ascending by atom, each once
  bool resolve = false;                 ///< solve again without what is removed, instead of zeroing it

  CodeEdit edit(std::int64_t atoms) const;
  std::vector<std::int32_t> atoms() const;
};

/// @throws ArgumentError that names the option: concepts that are not there (offers the nearest names), numbers that are none, a
///         concept with two different edits, no edit at all
ConceptEdits find_edits(const ConceptSpace& space, const EditArguments& arguments, bool quiet);

/// As many random concepts of like frequency, edited in the same ways. @param frequency  rows that use each atom [p]
ConceptEdits control_of(const ConceptEdits& edits, const std::vector<std::int64_t>& frequency, std::uint64_t seed);

/// "edits" or "control": a row a concept, how it came in, how many rows use it, and its mean weight in these.
/// @param sums  of each atom's weights [p]
ResultTable edit_table(const char* key, const char* title, const ConceptSpace& space, const ConceptEdits& edits, const std::vector<std::int64_t>& frequency,
                       const std::vector<double>& sums);

}  // namespace splice_cuda::cli

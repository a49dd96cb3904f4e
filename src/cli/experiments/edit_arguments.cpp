#include "cli/experiments/edit_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "cli/text_layout.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/matched_atoms.hpp"

namespace splice_cuda::cli {
namespace {

struct NamedNumber {
  std::string name;
  float number = 0;
};

/// "NAME=0.5"; a name may hold a '=' itself.
NamedNumber parse_number(const std::string& option, const std::string& text) {
  const std::size_t at = text.rfind('=');
  float number = 0;
  const char* first = text.data() + (at == std::string::npos ? text.size() : at + 1);
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), number);
  if (at == std::string::npos || at == 0 || error != std::errc() || end != text.data() + text.size() || !std::isfinite(number) || number < 0) {
    throw ArgumentError(fmt::format("{}: got '{}'; expected NAME=NUMBER, the number finite and at least 0", option, printable(text)));
  }
  return {text.substr(0, at), number};
}

class EditList {
 public:
  EditList(const ConceptSpace& space, const EditArguments& arguments, bool quiet)
      : space_(space), options_(group_options(arguments.groups)), groups_(find_groups(space, arguments.groups, quiet)) {}

  void add(const std::string& option, EditAction action, float number, const std::string& name) {
    const auto group = std::find_if(groups_.begin(), groups_.end(), [&](const ConceptGroup& one) { return one.name == name; });
    if (group != groups_.end()) {
      used_.insert(name);
      return add(option, action, number, *group);
    }
    try {
      add(option, action, number, make_concept_group(space_, name, {name}, options_));
    } catch (const ArgumentError& error) {
      throw ArgumentError(std::string(std::string_view(error.what()).starts_with(option) ? "" : option + ": ") + error.what());
    }
  }

  void remove_unused_groups() {
    for (const ConceptGroup& group : groups_) {
      if (!used_.contains(group.name)) add("--group", EditAction::remove, 0, group);
    }
  }

  std::vector<EditedConcept> take() const {
    std::vector<EditedConcept> concepts;
    for (const auto& entry : by_atom_) concepts.push_back(entry.second);
    return concepts;
  }

 private:
  void add(const std::string& option, EditAction action, float number, const ConceptGroup& group) {
    for (const GroupMember& member : group.members) {
      const auto [place, is_new] = by_atom_.emplace(member.atom, EditedConcept{action, number, group.name, member});
      const EditedConcept& known = place->second;
      if (is_new || (known.action == action && known.number == number)) continue;
      throw ArgumentError(fmt::format("{}: got '{}', and with it the concept '{}', which '{}' already edits in another way ({}); expected one edit "
                                      "a concept", option, printable(group.name), printable(space_.name(member.atom)), printable(known.asked),
                                      to_string(known.action)));
    }
  }

  const ConceptSpace& space_;
  ConceptGroupOptions options_;
  std::vector<ConceptGroup> groups_;
  std::set<std::string> used_;
  std::map<std::int32_t, EditedConcept> by_atom_;
};

}  // namespace

const char* to_string(EditAction action) noexcept {
  return action == EditAction::remove ? "remove" : action == EditAction::scale ? "scale" : "force";
}

void add_edit_options(CLI::App& verb, EditArguments& a) {
  verb.add_option("--remove", a.remove, "Concept or group whose weight becomes 0 (repeatable)")->type_name("NAME")->allow_extra_args(false);
  verb.add_option("--scale", a.scale, "Concept or group whose weight is multiplied by this (repeatable)")->type_name("NAME=FACTOR")->allow_extra_args(false);
  verb.add_option("--force", a.force, "Concept or group whose weight becomes this in every row (repeatable)")->type_name("NAME=WEIGHT")->allow_extra_args(false);
  add_group_options(verb, a.groups);
  verb.add_option("--mode", a.mode, "zero: edit the codes there are. resolve: solve again without the removed concepts, then scale and force")
      ->type_name("zero|resolve")->capture_default_str();
}

CodeEdit ConceptEdits::edit(std::int64_t atoms) const {
  CodeEdit edit(atoms);
  for (const EditedConcept& concept_edit : concepts) {
    if (concept_edit.action == EditAction::force) edit.force(concept_edit.member.atom, concept_edit.number);
    else edit.scale(concept_edit.member.atom, concept_edit.number);
  }
  return edit;
}

std::vector<std::int32_t> ConceptEdits::atoms() const {
  std::vector<std::int32_t> atoms;
  for (const EditedConcept& concept_edit : concepts) atoms.push_back(concept_edit.member.atom);
  return atoms;
}

ConceptEdits find_edits(const ConceptSpace& space, const EditArguments& a, bool quiet) {
  if (a.mode != "zero" && a.mode != "resolve") throw ArgumentError(fmt::format("--mode: got '{}'; expected zero or resolve", a.mode));
  EditList list(space, a, quiet);
  for (const std::string& name : a.remove) list.add("--remove", EditAction::remove, 0, name);
  for (const std::string& text : a.scale) {
    const NamedNumber parsed = parse_number("--scale", text);
    list.add("--scale", EditAction::scale, parsed.number, parsed.name);
  }
  for (const std::string& text : a.force) {
    const NamedNumber parsed = parse_number("--force", text);
    list.add("--force", EditAction::force, parsed.number, parsed.name);
  }
  list.remove_unused_groups();
  ConceptEdits edits{list.take(), a.mode == "resolve"};
  if (edits.concepts.empty()) throw ArgumentError("--remove: got none, nor --scale, --force or --group; expected at least one concept to edit");
  return edits;
}

ConceptEdits control_of(const ConceptEdits& edits, const std::vector<std::int64_t>& frequency, std::uint64_t seed) {
  std::map<std::pair<EditAction, float>, std::vector<std::int32_t>> kinds;
  for (const EditedConcept& concept_edit : edits.concepts) kinds[{concept_edit.action, concept_edit.number}].push_back(concept_edit.member.atom);
  std::vector<std::int32_t> taken = edits.atoms();
  ConceptEdits control;
  control.resolve = edits.resolve;
  for (const auto& [kind, atoms] : kinds) {
    const std::vector<std::int32_t> matched = matched_atoms(atoms, taken, frequency, seed);
    for (const std::int32_t atom : matched) {
      control.concepts.push_back({kind.first, kind.second, "", {atom, MemberOrigin::named, "", std::numeric_limits<double>::quiet_NaN()}, true});
    }
    taken.insert(taken.end(), matched.begin(), matched.end());
  }
  std::sort(control.concepts.begin(), control.concepts.end(), [](const EditedConcept& a, const EditedConcept& b) { return a.member.atom < b.member.atom; });
  return control;
}

ResultTable edit_table(const char* key, const char* title, const ConceptSpace& space, const ConceptEdits& edits, const std::vector<std::int64_t>& frequency,
                       const std::vector<double>& sums) {
  ResultTable table{key, title, "A row a concept: named, or brought in as a word of a longer concept or as a synonym of another one (by, with the cosine "
                    "of the atoms). Rows: those whose code had it before; weight: its mean in these.",
                    {{"concept", "concept"}, {"action", "action"}, {"number", "factor or weight", ColumnKind::number, 2}, {"asked", "asked for as"},
                     {"origin", "origin"}, {"by", "by"}, {"cosine", "cosine", ColumnKind::number, 3}, {"rows", "rows", ColumnKind::integer},
                     {"weight", "mean weight", ColumnKind::number, 3}}, {}};
  for (const EditedConcept& edit : edits.concepts) {
    const auto at = static_cast<std::size_t>(edit.member.atom);
    const std::string origin(edit.by_chance ? "chance" : splice_cuda::to_string(edit.member.origin));
    const double weight = frequency[at] == 0 ? std::numeric_limits<double>::quiet_NaN() : sums[at] / static_cast<double>(frequency[at]);
    table.add({space.name(edit.member.atom), to_string(edit.action), edit.number, edit.asked, origin, edit.member.by, edit.member.cosine, frequency[at],
               weight});
  }
  return table;
}

}  // namespace splice_cuda::cli

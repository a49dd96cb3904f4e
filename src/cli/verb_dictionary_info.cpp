#include <memory>

#include "cli/argument_parsing.hpp"
#include "cli/health_text.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/problem_arguments.hpp"
#include "cli/verbs.hpp"

namespace splice_cuda::cli {
namespace {

struct DictionaryInfoArguments {
  std::string file;
  std::int64_t pairs = 10;
  bool brief = false;
  ResourceArguments resources;
  ReportArguments report;
};

struct Examined {
  ConceptSpace space;
  DictionaryHealth health;
};

Examined examine(const DictionaryInfoArguments& a) {
  ConceptSpace space = ConceptSpace::load(a.file);
  DictionaryHealth health = examine_dictionary(make_context(a.resources), space, a.pairs);
  return {std::move(space), std::move(health)};
}

ExitCode show_dictionary(const DictionaryInfoArguments& a) {
  if (a.brief) {
    const ConceptSpace space = ConceptSpace::load(a.file);
    print_result(a.report.json ? space_json(space).dump(2) + "\n" : space_text(space));
    return ExitCode::ok;
  }
  const auto [space, health] = examine(a);
  print_result(a.report.json ? space_json(space, health).dump(2) + "\n" : space_text(space) + health_text(space, health));
  return ExitCode::ok;
}

/// What makes a dictionary unfit: atoms that the paper's method would not have made.
std::vector<std::string> faults(const ConceptSpace& space, const DictionaryHealth& health) {
  std::vector<std::string> found;
  if (health.non_unit_atoms > 0) found.push_back(counted(health.non_unit_atoms, "atom") + " not of length 1: expected unit atoms");
  if (health.equal_atoms > 0) found.push_back(counted(health.equal_atoms, "atom") + " equal to an earlier one: expected different atoms");
  if (space.size() < 2) found.push_back("only one atom: expected at least 2");
  return found;
}

ExitCode check(const DictionaryInfoArguments& a) {
  const auto [space, health] = examine(a);
  const std::vector<std::string> found = faults(space, health);
  if (a.report.json) {
    nlohmann::ordered_json json = space_json(space, health);
    json["faults"] = found;
    print_result(json.dump(2) + "\n");
  } else {
    print_result(size_text(space) + health_text(space, health));
    for (const std::string& fault : found) print_result("FAILED: " + fault + "\n");
    if (found.empty()) print_result("check passed\n");
  }
  if (space.image_mean().empty()) print_note(a.report.quiet, "note: no image mean; without --image-mean, decompose will not centre embeddings");
  return found.empty() ? ExitCode::ok : ExitCode::check_failed;
}

std::shared_ptr<DictionaryInfoArguments> add_options(CLI::App& verb) {
  const auto a = std::make_shared<DictionaryInfoArguments>();
  verb.add_option("file", a->file, "Dictionary (.safetensors of ours, or a .npy of atoms)")->type_name("FILE")->required();
  add_whole_number(verb, "--pairs", a->pairs, 0, 1000000, "Number of nearest pairs listed");
  add_resource_options(verb, a->resources);
  add_report_options(verb, a->report);
  return a;
}

}  // namespace

void add_dictionary_info(CLI::App& dictionary, Run& chosen) {
  CLI::App* verb = dictionary.add_subcommand("info", "Size, means, provenance, coherence, nearest pairs, effective rank");
  const auto a = add_options(*verb);
  verb->add_flag("--brief", a->brief, "Without comparing the atoms: all pairs of a million take hours");
  verb->footer("Example:\n  splice dictionary info dict.safetensors");
  verb->callback([a, &chosen] { chosen = [a] { return show_dictionary(*a); }; });
}

void add_dictionary_check(CLI::App& dictionary, Run& chosen) {
  CLI::App* verb = dictionary.add_subcommand("check", "The same, and exit 1 where atoms are not of length 1 or not different");
  const auto a = add_options(*verb);
  verb->footer("Example:\n  splice dictionary check dict.safetensors");
  verb->callback([a, &chosen] { chosen = [a] { return check(*a); }; });
}

}  // namespace splice_cuda::cli

#include "cli/experiments/probe_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/argument_parsing.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr double default_share = 0.2;
constexpr double default_cost = 1;
constexpr const char* default_penalty = "l1";
constexpr const char* default_train = "train";
constexpr const char* default_test = "test";

std::vector<RowUse> split_of(const ProbeArguments& a, const ExperimentInputs& inputs, const RowGroups& labels) {
  if (a.split.empty()) {
    for (const auto& [option, value] : {std::pair("--train", &a.train), std::pair("--test", &a.test)}) {
      if (*value) throw ArgumentError(fmt::format("{}: got '{}' without --split-column; expected the column whose value it is", option, **value));
    }
    try {
      return stratified_split(labels, a.test_share.value_or(default_share), static_cast<std::uint64_t>(a.seed));
    } catch (const ArgumentError& error) {
      throw ArgumentError(std::string("--test-share: ") + error.what());
    }
  }
  if (a.test_share) throw ArgumentError(fmt::format("--test-share: got {} together with --split-column; expected only one of them", *a.test_share));
  try {
    return named_split(inputs.groups("--split-column", a.split), a.train.value_or(default_train), a.test.value_or(default_test));
  } catch (const ArgumentError& error) {
    throw ArgumentError(std::string(std::string_view(error.what()).starts_with("--split-column") ? "" : "--train, --test: ") + error.what());
  }
}

}  // namespace

void add_probe_options(CLI::App& verb, ProbeArguments& a) {
  verb.add_option("--split-column", a.split, "Column of the records that says which rows the probe learns from and is tested on")->type_name("COLUMN");
  verb.add_option("--train", a.train, "Its value for rows to learn from")->type_name("NAME")->default_str(default_train);
  verb.add_option("--test", a.test, "Its value for rows of the test")->type_name("NAME")->default_str(default_test);
  add_positive_number(verb, "--test-share", a.test_share, "0.2", "Without --split-column: share of each class that is tested, drawn at random");
  add_whole_number(verb, "--seed", a.seed, 0, 0x7fffffff, "Of random draws");
  verb.add_option("--penalty", a.penalty, "l1 (few concepts have a coefficient) or l2")->type_name("l1|l2")->default_str(default_penalty);
  add_positive_number(verb, "--cost", a.cost, "1", "Weight of the errors against the penalty: C of scikit-learn");
}

std::string given_probe_option(const ProbeArguments& a) {
  if (!a.split.empty()) return "--split-column";
  if (a.train) return "--train";
  if (a.test) return "--test";
  if (a.test_share) return "--test-share";
  if (a.penalty) return "--penalty";
  return a.cost ? "--cost" : "";
}

ProbeOptions probe_options(const ProbeArguments& a) {
  const std::string penalty = a.penalty.value_or(default_penalty);
  if (penalty != "l1" && penalty != "l2") throw ArgumentError(fmt::format("--penalty: got '{}'; expected l1 or l2", penalty));
  ProbeOptions options;
  options.penalty = penalty == "l1" ? ProbePenalty::l1 : ProbePenalty::l2;
  options.cost = a.cost.value_or(default_cost);
  options.seed = static_cast<std::uint32_t>(a.seed);
  return options;
}

std::vector<RowUse> row_uses(const ProbeArguments& a, const ExperimentInputs& inputs, const std::string& label_option, const std::string& column,
                             const RowGroups& labels) {
  if (labels.size() < 2) {
    throw ArgumentError(fmt::format("{}: got '{}' with {}; expected at least two classes to tell apart", label_option, column,
                                    labels.size() == 0 ? "no label" : "the label '" + labels.names.front() + "' alone"));
  }
  std::vector<RowUse> uses = split_of(a, inputs, labels);
  std::vector<std::int64_t> learnt(static_cast<std::size_t>(labels.size()), 0);
  std::int64_t tested = 0;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (labels.of_row[i] < 0) uses[i] = RowUse::none;
    if (uses[i] == RowUse::train) ++learnt[static_cast<std::size_t>(labels.of_row[i])];
    if (uses[i] == RowUse::test) ++tested;
  }
  const auto classes = std::count_if(learnt.begin(), learnt.end(), [](std::int64_t rows) { return rows > 0; });
  if (classes < 2 || tested == 0) {
    throw ArgumentError(fmt::format("{}: got '{}': classes with rows to learn from {}, rows to test {}; expected at least 2 and 1", label_option, column,
                                    classes, tested));
  }
  return uses;
}

void add_probe_settings(nlohmann::ordered_json& settings, const ProbeArguments& a) {
  if (a.split.empty()) settings["test_share"] = a.test_share.value_or(default_share);
  else settings.update({{"split", a.split}, {"train", a.train.value_or(default_train)}, {"test", a.test.value_or(default_test)}});
  settings["seed"] = a.seed;
  settings["penalty"] = a.penalty.value_or(default_penalty);
  settings["cost"] = a.cost.value_or(default_cost);
}

}  // namespace splice_cuda::cli

#pragma once

/// @file probe_arguments.hpp
/// Probes on the command line: which rows they learn from, and how.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/experiments/experiment_inputs.hpp"
#include "splice_cuda/probe.hpp"
#include "splice_cuda/record_table.hpp"
#include "splice_cuda/row_split.hpp"

namespace splice_cuda::cli {

struct ProbeArguments {
  std::string split;  ///< column; empty: a random share
  std::optional<std::string> train;  ///< default: "train"
  std::optional<std::string> test;   ///< default: "test"
  std::optional<double> test_share;
  std::int64_t seed = 0;
  std::optional<std::string> penalty;  ///< default: "l1"
  std::optional<double> cost;
};
/// --split-column, --train, --test, --test-share, --seed, --penalty and --cost.
void add_probe_options(CLI::App& verb, ProbeArguments& arguments);

/// One of these options that was given, without which a probe has no meaning (--seed has one); empty: none was.
std::string given_probe_option(const ProbeArguments& arguments);

/// @throws ArgumentError for a penalty that is neither l1 nor l2
ProbeOptions probe_options(const ProbeArguments& arguments);

/// What each record is for: rows without a label have no use.
/// @throws ArgumentError (named after their options) for columns, groups or shares that are not there; where fewer than two classes
///         have rows to learn from, or no row is left for the test
std::vector<RowUse> row_uses(const ProbeArguments& arguments, const ExperimentInputs& inputs, const std::string& label_option, const std::string& column,
                             const RowGroups& labels);

void add_probe_settings(nlohmann::ordered_json& settings, const ProbeArguments& arguments);

}  // namespace splice_cuda::cli

#pragma once

/// @file problem_arguments.hpp
/// The options that `decompose` and `demo` share: the problem, the solver, and the resources.

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "splice_cuda/context.hpp"
#include "splice_cuda/device.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda::cli {

struct ResourceArguments {
  std::int64_t threads = 0;
  std::size_t memory_limit_bytes = ContextOptions{}.memory_limit_bytes;  ///< 0: the device's default
  std::string device = "cpu";
};
void add_resource_options(CLI::App& verb, ResourceArguments& resources);

/// The device that the name stands for. Says which one on stderr where that is not what everybody gets.
/// @throws ArgumentError
Device settle_device(const ResourceArguments& resources, bool quiet);
/// The same resources with that device's own name.
ResourceArguments settled_resources(ResourceArguments resources, bool quiet);

/// A context that stops on Ctrl-C and tells `progress` (may be empty) the rows done.
Context make_context(const ResourceArguments& resources, std::function<void(std::int64_t)> progress = {});

struct SolverArguments {
  std::optional<double> l1_penalty;
  std::optional<double> gap_tolerance;
  SolverKind solver = SolverKind::working_set;
  std::int64_t max_rounds = SolveOptions{}.max_rounds;
  std::int64_t max_iterations = SolveOptions{}.max_iterations;
};
/// A number > 0 for a float32 field. @throws ArgumentError where a float can't hold it: it would solve another problem
float as_float(const std::string& option, double value);
void add_solver_options(CLI::App& verb, SolverArguments& solver);
/// One of these options that was given something else than its default; empty: none was.
std::string given_solver_option(const SolverArguments& solver);
/// @throws ArgumentError for another solver than the one that follows paths, beside the option that needs it (empty: none was given)
void check_follows_paths(const SolverArguments& solver, const std::string& target_option);

/// The options of one call, with defaults where nothing was given.
DecomposeOptions to_options(const SolverArguments& solver);

}  // namespace splice_cuda::cli

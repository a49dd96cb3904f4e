#include "cli/problem_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "cli/argument_parsing.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "splice_cuda/build_info.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {

float as_float(const std::string& option, double value) {
  const bool fits = value <= static_cast<double>(std::numeric_limits<float>::max()) && static_cast<float>(value) > 0;
  if (!fits) throw ArgumentError(fmt::format("{}: got {}; expected a number within float32's range", option, value));
  return static_cast<float>(value);
}

void add_resource_options(CLI::App& verb, ResourceArguments& resources) {
  add_whole_number(verb, "--threads", resources.threads, 0, 4096, "CPU threads; 0 = all. Results do not depend on it, but for last bits of a model's embeddings");
  add_byte_count(verb, "--memory-limit", resources.memory_limit_bytes, "256M",
                 "Most memory for tiles and lists, beside inputs and outputs. On a CUDA device the default is a quarter of its free memory, 256M to 2G");
  verb.add_option("--device", resources.device, "cpu, cuda, cuda:N or auto")->type_name("NAME")->capture_default_str();
}

Device settle_device(const ResourceArguments& resources, bool quiet) {
  const Device device = Device::parse(resources.device);
  if (resources.device == "cpu") return device;
  std::string text = "device: " + to_string(device);
  if (device == Device::cpu()) {
    text += " (" + describe_cuda() + ")";
  } else {
    const std::vector<CudaDeviceInfo> devices = cuda_info(false).devices;
    const auto found = std::find_if(devices.begin(), devices.end(), [&](const CudaDeviceInfo& one) { return one.device == device; });
    if (found == devices.end()) Context{device};  // says what is wrong, whoever would have used it
    else text += " " + found->name;
  }
  print_note(quiet, text);
  return device;
}

ResourceArguments settled_resources(ResourceArguments resources, bool quiet) {
  resources.device = to_string(settle_device(resources, quiet));
  return resources;
}

Context make_context(const ResourceArguments& resources, std::function<void(std::int64_t)> progress) {
  ContextOptions options;
  options.threads = static_cast<int>(resources.threads);
  options.memory_limit_bytes = resources.memory_limit_bytes;
  options.cancel = signals::stop_requested;
  if (progress) {
    options.progress = [report = std::move(progress)](std::int64_t done, std::int64_t) { report(done); };
  }
  return Context(Device::parse(resources.device), options);
}

void add_solver_options(CLI::App& verb, SolverArguments& solver) {
  add_positive_number(verb, "--l1-penalty,--l1_penalty", solver.l1_penalty, "0.25",
                      "Price of a unit of weight in |z - C'w|^2 + l1_penalty * sum w; larger = fewer concepts");
  add_positive_number(verb, "--gap-tolerance", solver.gap_tolerance, "1e-6",
                      "A row is certified when its duality gap is at most this times |z|^2 / 2");
  add_solver(verb, solver.solver);
  add_whole_number(verb, "--max-rounds", solver.max_rounds, 1, most_int32, "Most passes over the dictionary a row (working_set, coordinate_descent)");
  add_whole_number(verb, "--max-iterations", solver.max_iterations, 1, most_int32, "Most iterations or sweeps a row (coordinate_descent, fista, admm)");
}

std::string given_solver_option(const SolverArguments& solver) {
  const SolverArguments defaults;
  if (solver.l1_penalty) return "--l1-penalty";
  if (solver.gap_tolerance) return "--gap-tolerance";
  if (solver.solver != defaults.solver) return "--solver";
  if (solver.max_rounds != defaults.max_rounds) return "--max-rounds";
  return solver.max_iterations != defaults.max_iterations ? "--max-iterations" : "";
}

void check_follows_paths(const SolverArguments& solver, const std::string& target_option) {
  if (target_option.empty() || solver.solver == SolverKind::working_set) return;
  throw ArgumentError(fmt::format("--solver: got {} together with {}; expected working_set, which alone follows paths", to_string(solver.solver),
                                  target_option));
}

DecomposeOptions to_options(const SolverArguments& solver) {
  DecomposeOptions options;
  if (solver.l1_penalty) options.l1_penalty = as_float("--l1-penalty", *solver.l1_penalty);
  if (solver.gap_tolerance) options.solve.gap_tolerance = *solver.gap_tolerance;
  options.solve.solver = solver.solver;
  options.solve.max_rounds = static_cast<std::int32_t>(solver.max_rounds);
  options.solve.max_iterations = static_cast<std::int32_t>(solver.max_iterations);
  return options;
}

}  // namespace splice_cuda::cli

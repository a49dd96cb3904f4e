// Where a row's time goes: each stage of the default solver, over one tile on one thread, or on a device:
//   bench_stages [--device=cpu|cuda|cuda:N] [Google Benchmark's options]

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/problem.hpp"
#include "machine.hpp"
#include "problem.hpp"
#include "profiled_section.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "staged_run.hpp"
#include "statistics.hpp"
#include "synthetic.hpp"

namespace {

using namespace splice_cuda;
using namespace splice_cuda::bench;

constexpr int repetitions = 5;

/// A device wants many rows at once.
std::int64_t row_count(Device device) { return device == Device::cpu() ? 1024 : 65536; }

/// Takes --device=... off the command line, which Google Benchmark reads the rest of.
Device take_device(int& argc, char** argv) {
  constexpr std::string_view option = "--device=";
  Device device = Device::cpu();
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(option)) {
      device = Device::parse(argument.substr(option.size()));
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return device;
}

/// Microseconds a row of each stage, medians over the repetitions; total_us is the median of the sums.
void run_case(benchmark::State& state, const BenchProblem& problem, const Dictionary& dictionary,
              float l1_penalty) {
  const Device device = dictionary.device();
  const Context context{device, {.threads = 1}};
  const std::int64_t rows = std::min(row_count(device), problem.rows());
  const Problem resolved =
      resolve_problem(context, dictionary, problem.embeddings_view(0, rows), {.l1_penalty = l1_penalty});
  run_stages(context.backend(), resolved);  // warm-up

  std::array<std::vector<double>, stage_names.size()> microseconds;
  std::vector<double> totals;
  double rounds = 0;
  const ProfiledSection profiled;
  for (auto _ : state) {
    const StagedTimes times = run_stages(context.backend(), resolved);
    double total = 0;
    for (std::size_t stage = 0; stage < stage_names.size(); ++stage) {
      microseconds[stage].push_back(1e6 * times.seconds[stage] / static_cast<double>(times.rows));
      total += microseconds[stage].back();
    }
    totals.push_back(total);
    rounds = static_cast<double>(times.rounds);
    state.SetIterationTime(total * 1e-6 * static_cast<double>(times.rows));
  }
  for (std::size_t stage = 0; stage < stage_names.size(); ++stage) {
    state.counters[std::string(stage_names[stage]) + "_us"] = median(microseconds[stage]);
  }
  state.counters["total_us"] = median(totals);
  state.counters["tile_rounds"] = rounds;
}

void register_cases(const std::shared_ptr<const BenchProblem>& problem, Device device) {
  const auto dictionary = std::make_shared<const Dictionary>(Context{device}, problem->atoms_view());
  for (const float l1 : {0.15f, 0.25f, 0.35f}) {
    std::string penalty = std::to_string(l1);
    penalty.resize(4);
    const std::string name = "stages/" + problem->name + "/p:" + std::to_string(problem->atom_count()) +
                             "/d:" + std::to_string(problem->dim) + "/l1:" + penalty;
    benchmark::RegisterBenchmark(name.c_str(),
                                 [=](benchmark::State& state) { run_case(state, *problem, *dictionary, l1); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(repetitions);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Device device = take_device(argc, argv);
  register_cases(default_problem(row_count(device)), device);
  register_cases(make_synthetic({.atoms = 10000, .dim = 512, .rows = row_count(device)}), device);
  for (const auto& [key, value] : describe_build()) benchmark::AddCustomContext(key, value);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

// decompose against one fp32 matrix product of the same batch; paths and targets against plain calls. Flags of Google Benchmark, and --short.

#include <algorithm>
#include <string_view>

#include <benchmark/benchmark.h>

#include "cost_case.hpp"
#include "decompose_grid.hpp"
#include "machine.hpp"

namespace {

/// Removes our own flag, which Google Benchmark would refuse. @returns whether it was there
bool take_flag(int& argc, char** argv, std::string_view flag) {
  char** const end = std::remove_if(argv + 1, argv + argc, [&](const char* text) { return text == flag; });
  const bool found = end != argv + argc;
  argc = static_cast<int>(end - argv);
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace splice_cuda::bench;
  const bool brief = take_flag(argc, argv, "--short");
  for (const DecomposeCase& one : brief ? short_grid() : full_grid()) {
    benchmark::RegisterBenchmark(one.name().c_str(), [one](benchmark::State& state) { run_case(state, one); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(one.repetitions);
  }
  for (const CostCase& one : cost_grid(brief)) {
    benchmark::RegisterBenchmark(one.name().c_str(), [one](benchmark::State& state) { run_cost_case(state, one); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(one.repetitions);
  }
  for (const auto& [key, value] : describe_build()) benchmark::AddCustomContext(key, value);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

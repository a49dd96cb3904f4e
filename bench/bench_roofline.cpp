// How near the screening stage and the fp32 product come to what one core can do. All four are measured in
// turns, so that a change of clock or a busy neighbour meets all of them.

#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/problem.hpp"
#include "machine.hpp"
#include "matrix_product.hpp"
#include "peak_rates.hpp"
#include "problem.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "staged_run.hpp"
#include "statistics.hpp"
#include "stopwatch.hpp"
#include "synthetic.hpp"

namespace {

using namespace splice_cuda;
using namespace splice_cuda::bench;

constexpr std::int64_t rows = 512;
constexpr int repetitions = 9;
constexpr std::int64_t peak_turns = 4'000'000;  // some 20 ms

/// 10^9 multiply-adds a second; 0 where no loop is written for this processor.
double rate_of(const PeakLoop& loop) {
  if (loop.run == nullptr) return 0;
  const double seconds = seconds_of([&] { loop.run(peak_turns); }, thread_clock);
  return static_cast<double>(peak_turns * loop.multiply_adds_a_turn) * 1e-9 / seconds;
}

double share_of(double reached, double peak) { return peak > 0 ? reached / peak : 0; }

void run_case(benchmark::State& state, const BenchProblem& problem, const Dictionary& dictionary,
              float l1_penalty) {
  const PeakLoop int8 = int8_peak();
  const PeakLoop fp32 = fp32_peak();
  const Context context{Device::cpu(), {.threads = 1}};
  const MatrixView<const float> embeddings = problem.embeddings_view(0, rows);
  const Problem resolved = resolve_problem(context, dictionary, embeddings, {.l1_penalty = l1_penalty});
  MatrixProduct product(problem.atoms_view(), 1);
  const double pass = static_cast<double>(problem.atom_count() * problem.dim) * 1e-9;  // one row, all atoms
  run_stages(context.backend(), resolved);                                             // warm-up
  product.run(embeddings);

  std::vector<double> int8_peaks, screens, screen_shares, fp32_peaks, products, product_shares;
  for (auto _ : state) {
    int8_peaks.push_back(rate_of(int8));
    const StagedTimes times = run_stages(context.backend(), resolved, thread_clock);
    screens.push_back(pass * static_cast<double>(times.row_passes) / times.seconds[1]);
    fp32_peaks.push_back(rate_of(fp32));
    const double seconds = seconds_of([&] { product.run(embeddings); }, thread_clock);
    products.push_back(pass * static_cast<double>(rows) / seconds);
    screen_shares.push_back(share_of(screens.back(), int8_peaks.back()));
    product_shares.push_back(share_of(products.back(), fp32_peaks.back()));
    state.SetIterationTime(times.seconds[1] + seconds);
  }
  state.counters["int8_peak"] = median(int8_peaks);
  state.counters["screen"] = median(screens);
  state.counters["screen_share"] = median(screen_shares);
  state.counters["fp32_peak"] = median(fp32_peaks);
  state.counters["product"] = median(products);
  state.counters["product_share"] = median(product_shares);
  state.SetLabel(std::string(int8.instruction) + "; " + std::string(fp32.instruction));
}

void register_case(const std::shared_ptr<const BenchProblem>& problem) {
  const auto dictionary = std::make_shared<const Dictionary>(Context{}, problem->atoms_view());
  const std::string name = "roofline/" + problem->name + "/p:" + std::to_string(problem->atom_count()) +
                           "/d:" + std::to_string(problem->dim) + "/l1:0.25";
  benchmark::RegisterBenchmark(
      name.c_str(), [=](benchmark::State& state) { run_case(state, *problem, *dictionary, 0.25f); })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond)
      ->Iterations(repetitions);
}

}  // namespace

int main(int argc, char** argv) {
  register_case(default_problem(rows));
  register_case(make_synthetic({.atoms = 10000, .dim = 512, .rows = rows}));
  register_case(make_synthetic({.atoms = 15000, .dim = 1024, .rows = rows}));
  for (const auto& [key, value] : describe_build()) benchmark::AddCustomContext(key, value);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

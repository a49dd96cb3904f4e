#include "decompose_case.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

#include "matrix_product.hpp"
#include "problem.hpp"
#include "splice_cuda/decompose.hpp"
#include "statistics.hpp"
#include "stopwatch.hpp"
#include "synthetic.hpp"

namespace splice_cuda::bench {
namespace {

/// Rows beyond the batch, so that repetitions do not see the same rows again while there are others.
constexpr std::int64_t rows_at_least = 4096;

std::shared_ptr<const BenchProblem> make_problem(const DecomposeCase& one) {
  const std::int64_t rows = std::max(one.rows, rows_at_least);
  if (one.text15k) return default_problem(rows);
  return make_synthetic({.atoms = one.atoms, .dim = one.dim, .rows = rows});
}

/// The last problem and its dictionary: neighbours in the grid mostly share them.
struct Loaded {
  bool text15k = false;
  std::int64_t atoms = 0;
  std::int64_t dim = 0;
  std::shared_ptr<const BenchProblem> problem;
  std::unique_ptr<Dictionary> dictionary;
};

const Loaded& load(const DecomposeCase& one) {
  static Loaded last;
  const bool fits = last.problem && last.text15k == one.text15k && last.atoms == one.atoms &&
                    last.dim == one.dim && last.problem->rows() >= one.rows;
  if (fits) return last;
  last = {one.text15k, one.atoms, one.dim, make_problem(one), nullptr};
  last.dictionary = std::make_unique<Dictionary>(Context{}, last.problem->atoms_view());
  return last;
}

/// What the rows of all repetitions came to.
struct Outcome {
  double rows = 0;
  double certified = 0;
  double nonzeros = 0;
  double rounds = 0;
  double max_relative_gap = 0;

  void add(const DecomposeResult& result) {
    rows += static_cast<double>(result.codes.rows);
    nonzeros += static_cast<double>(result.codes.nnz());
    for (const RowReport& report : result.reports) {
      certified += report.status == RowStatus::certified ? 1 : 0;
      rounds += report.rounds;
      max_relative_gap = std::max(max_relative_gap, 2 * report.gap);  // |z| = 1
    }
  }
};

std::vector<double> quotients(const std::vector<double>& numerators, const std::vector<double>& denominators) {
  std::vector<double> result(numerators.size());
  std::transform(numerators.begin(), numerators.end(), denominators.begin(), result.begin(), std::divides<>());
  return result;
}

/// Its median and quartiles, as NAME, NAME_q1, NAME_q3.
void set_quotient(benchmark::State& state, const std::string& name, const std::vector<double>& values) {
  state.counters[name] = median(values);
  state.counters[name + "_q1"] = quantile(values, 0.25);
  state.counters[name + "_q3"] = quantile(values, 0.75);
}

/// Seconds of each turn. The last two are empty where the case has one thread.
struct Turns {
  std::vector<double> decompose;
  std::vector<double> product;
  std::vector<double> decompose_alone;  ///< with one thread
  std::vector<double> product_alone;
};

void set_counters(benchmark::State& state, double rows, const Turns& turns, const Outcome& outcome) {
  state.counters["us_per_row"] = 1e6 * median(turns.decompose) / rows;
  state.counters["gemm_us_per_row"] = 1e6 * median(turns.product) / rows;
  state.counters["rows_per_s"] = rows / median(turns.decompose);
  set_quotient(state, "ratio", quotients(turns.decompose, turns.product));
  if (!turns.decompose_alone.empty()) {
    set_quotient(state, "speedup", quotients(turns.decompose_alone, turns.decompose));
    set_quotient(state, "product_speedup", quotients(turns.product_alone, turns.product));
  }
  state.counters["certified_share"] = outcome.certified / outcome.rows;
  state.counters["mean_l0"] = outcome.nonzeros / outcome.rows;
  state.counters["mean_rounds"] = outcome.rounds / outcome.rows;
  state.counters["max_relative_gap"] = outcome.max_relative_gap;
}

/// OpenBLAS's idle threads spin for 2^26 cycles before they sleep, on processors that others are measured on.
void let_product_threads_sleep() { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }

}  // namespace

std::string DecomposeCase::name() const {
  std::ostringstream text;
  text << sweep << (text15k ? "/text15k" : "/synthetic") << "/p:" << atoms << "/d:" << dim << "/n:" << rows
       << "/l1:" << l1_penalty << '/' << to_string(solver) << "/threads:" << threads;
  return text.str();
}

void run_case(benchmark::State& state, const DecomposeCase& one) {
  const Loaded& loaded = load(one);
  const BenchProblem& problem = *loaded.problem;
  const bool alone_too = one.threads > 1;
  const Context context{Device::cpu(), {.threads = one.threads}};
  const Context alone{Device::cpu(), {.threads = 1}};
  MatrixProduct product{problem.atoms_view(), one.threads};
  MatrixProduct product_alone{problem.atoms_view(), 1};
  DecomposeOptions options{.l1_penalty = one.l1_penalty};
  options.solve.solver = one.solver;

  const std::int64_t warm_up_rows = std::min<std::int64_t>(one.rows, 64);
  product.run(problem.embeddings_view(0, warm_up_rows));
  decompose(context, *loaded.dictionary, problem.embeddings_view(0, warm_up_rows), options);

  Turns turns;
  Outcome outcome;
  std::int64_t first = 0;
  bool forwards = true;
  for (auto _ : state) {
    const MatrixView<const float> rows = problem.embeddings_view(first, one.rows);
    first += one.rows;
    if (first + one.rows > problem.rows()) first = 0;

    DecomposeResult result;
    const auto time_product = [&](MatrixProduct& which, std::vector<double>& seconds) {
      seconds.push_back(seconds_of([&] { which.run(rows); }));
      if (alone_too) let_product_threads_sleep();
    };
    const auto time_decompose = [&](const Context& where, std::vector<double>& seconds) {
      seconds.push_back(seconds_of([&] { result = decompose(where, *loaded.dictionary, rows, options); }));
    };
    std::vector<std::function<void()>> steps{[&] { time_product(product, turns.product); },
                                             [&] { time_decompose(context, turns.decompose); }};
    if (alone_too) {
      steps.emplace_back([&] { time_decompose(alone, turns.decompose_alone); });
      steps.emplace_back([&] { time_product(product_alone, turns.product_alone); });
    }
    // The order alternates too: none always finds another's leavings in the caches.
    if (!forwards) std::reverse(steps.begin(), steps.end());
    forwards = !forwards;
    for (const auto& step : steps) step();
    state.SetIterationTime(turns.decompose.back());
    outcome.add(result);
  }
  set_counters(state, static_cast<double>(one.rows), turns, outcome);
}

}  // namespace splice_cuda::bench

#include "decompose_case.hpp"

#include <algorithm>
#include <memory>
#include <sstream>
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

void set_counters(benchmark::State& state, double rows, const std::vector<double>& decompose_seconds,
                  const std::vector<double>& product_seconds, const Outcome& outcome) {
  std::vector<double> ratios(decompose_seconds.size());
  std::transform(decompose_seconds.begin(), decompose_seconds.end(), product_seconds.begin(), ratios.begin(),
                 [](double a, double b) { return a / b; });
  state.counters["us_per_row"] = 1e6 * median(decompose_seconds) / rows;
  state.counters["gemm_us_per_row"] = 1e6 * median(product_seconds) / rows;
  state.counters["rows_per_s"] = rows / median(decompose_seconds);
  state.counters["ratio"] = median(ratios);
  state.counters["ratio_q1"] = quantile(ratios, 0.25);
  state.counters["ratio_q3"] = quantile(ratios, 0.75);
  state.counters["certified_share"] = outcome.certified / outcome.rows;
  state.counters["mean_l0"] = outcome.nonzeros / outcome.rows;
  state.counters["mean_rounds"] = outcome.rounds / outcome.rows;
  state.counters["max_relative_gap"] = outcome.max_relative_gap;
}

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
  const Context context{Device::cpu(), {.threads = one.threads}};
  MatrixProduct product{problem.atoms_view(), one.threads};
  DecomposeOptions options{.l1_penalty = one.l1_penalty};
  options.solve.solver = one.solver;

  const std::int64_t warm_up_rows = std::min<std::int64_t>(one.rows, 64);
  product.run(problem.embeddings_view(0, warm_up_rows));
  decompose(context, *loaded.dictionary, problem.embeddings_view(0, warm_up_rows), options);

  std::vector<double> decompose_seconds;
  std::vector<double> product_seconds;
  Outcome outcome;
  std::int64_t first = 0;
  for (auto _ : state) {
    const MatrixView<const float> rows = problem.embeddings_view(first, one.rows);
    first += one.rows;
    if (first + one.rows > problem.rows()) first = 0;

    DecomposeResult result;
    const auto time_decompose = [&] {
      decompose_seconds.push_back(
          seconds_of([&] { result = decompose(context, *loaded.dictionary, rows, options); }));
    };
    const auto time_product = [&] { product_seconds.push_back(seconds_of([&] { product.run(rows); })); };
    // The order alternates too: neither always finds the other's leavings in the caches.
    if (product_seconds.size() % 2 == 0) {
      time_product();
      time_decompose();
    } else {
      time_decompose();
      time_product();
    }
    state.SetIterationTime(decompose_seconds.back());
    outcome.add(result);
  }
  set_counters(state, static_cast<double>(one.rows), decompose_seconds, product_seconds, outcome);
}

}  // namespace splice_cuda::bench

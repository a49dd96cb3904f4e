#include "cost_case.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>

#include "problem.hpp"
#include "splice_cuda/decompose.hpp"
#include "statistics.hpp"
#include "stopwatch.hpp"

namespace splice_cuda::bench {
namespace {

constexpr std::int64_t rows_in_all = 4096;

struct Loaded {
  Context context{Device::cpu(), {.threads = 1}};
  std::shared_ptr<const BenchProblem> problem = default_problem(rows_in_all);
  Dictionary dictionary{context, problem->atoms_view()};
};

const Loaded& load() {
  static const Loaded loaded;
  return loaded;
}

std::vector<DecomposeResult> decompose_asked(const Loaded& loaded, MatrixView<const float> rows, const CostCase& one) {
  if (!one.path.empty()) return decompose_path(loaded.context, loaded.dictionary, rows, one.path);
  return {decompose(loaded.context, loaded.dictionary, rows,
                    {.target_l0 = one.target_l0, .target_cosine = one.target_cosine})};
}

/// Calls that give the same codes.
void decompose_plain(const Loaded& loaded, MatrixView<const float> rows, const CostCase& one,
                     const std::vector<float>& found) {
  for (const float penalty : one.path) decompose(loaded.context, loaded.dictionary, rows, {.l1_penalty = penalty});
  if (one.path.empty()) decompose(loaded.context, loaded.dictionary, rows, {.l1_penalties = found});
}

}  // namespace

std::string CostCase::name() const {
  std::ostringstream text;
  text << (path.empty() ? "target" : "path" + std::to_string(path.size())) << "/text15k/p:15000/d:384/n:" << rows << '/';
  if (!path.empty()) {
    text << "l1:" << path.back();
  } else if (target_l0 > 0) {
    text << "l0:" << target_l0;
  } else {
    text << "cosine:" << target_cosine;
  }
  text << "/working_set/threads:1";
  return text.str();
}

std::vector<float> penalty_grid(float from, float to, int count) {
  std::vector<float> grid;
  for (int i = 0; i < count; ++i) {
    grid.push_back(from * std::pow(to / from, static_cast<float>(i) / static_cast<float>(std::max(count - 1, 1))));
  }
  return grid;
}

std::vector<CostCase> cost_grid(bool brief) {
  const std::int64_t rows = brief ? 128 : 512;
  std::vector<CostCase> cases;
  for (const int count : {4, 16}) cases.push_back({.path = penalty_grid(0.4f, 0.15f, count), .rows = rows});
  for (const std::int32_t l0 : {4, 8, 16, 32}) cases.push_back({.target_l0 = l0, .rows = rows});
  for (const float cosine : {0.6f, 0.8f}) cases.push_back({.target_cosine = cosine, .rows = rows});
  return cases;
}

void run_cost_case(benchmark::State& state, const CostCase& one) {
  const Loaded& loaded = load();
  std::vector<double> asked_seconds;
  std::vector<double> plain_seconds;
  double results = 0, certified = 0, nonzeros = 0, rounds = 0;
  std::int64_t first = 0;
  for (auto _ : state) {
    const MatrixView<const float> rows = loaded.problem->embeddings_view(first, one.rows);
    first = first + 2 * one.rows > loaded.problem->rows() ? 0 : first + one.rows;
    std::vector<DecomposeResult> answers;
    std::vector<float> found;
    const auto time_asked = [&] {
      asked_seconds.push_back(seconds_of([&] { answers = decompose_asked(loaded, rows, one); }));
    };
    time_asked();
    for (const RowReport& report : answers.front().reports) found.push_back(static_cast<float>(report.l1_penalty));
    plain_seconds.push_back(seconds_of([&] { decompose_plain(loaded, rows, one, found); }));
    if (plain_seconds.size() % 2 == 0) {  // the other order: the later of the two stands for both
      asked_seconds.pop_back();
      time_asked();
    }
    state.SetIterationTime(asked_seconds.back());
    for (const DecomposeResult& answer : answers) {
      nonzeros += static_cast<double>(answer.codes.nnz());
      for (const RowReport& report : answer.reports) {
        results += 1;
        certified += report.status == RowStatus::certified ? 1 : 0;
        rounds += report.rounds;
      }
    }
  }
  std::vector<double> costs(asked_seconds.size());
  std::transform(asked_seconds.begin(), asked_seconds.end(), plain_seconds.begin(), costs.begin(),
                 [](double asked, double plain) { return asked / plain; });
  const double solved = static_cast<double>(one.rows) * std::max<double>(static_cast<double>(one.path.size()), 1);
  state.counters["us_per_row"] = 1e6 * median(asked_seconds) / solved;
  state.counters["plain_us_per_row"] = 1e6 * median(plain_seconds) / solved;
  state.counters["cost"] = median(costs);
  state.counters["cost_q1"] = quantile(costs, 0.25);
  state.counters["cost_q3"] = quantile(costs, 0.75);
  state.counters["certified_share"] = certified / results;
  state.counters["mean_l0"] = nonzeros / results;
  state.counters["mean_rounds"] = rounds / results;
}

}  // namespace splice_cuda::bench

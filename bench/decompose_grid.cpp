#include "decompose_grid.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <thread>

namespace splice_cuda::bench {
namespace {

using Cases = std::vector<DecomposeCase>;
using Sizes = std::initializer_list<std::int64_t>;
using Penalties = std::initializer_list<float>;

/// About 4,096 rows a case, but no fewer than 3 pairs and no more than 201.
int repetitions_for(std::int64_t rows) {
  return static_cast<int>(std::clamp<std::int64_t>(4096 / rows, rows > 8192 ? 3 : 7, 201));
}

void sweep_l1(Cases& cases, Penalties penalties) {
  for (const float l1 : penalties) cases.push_back({.sweep = "l1", .l1_penalty = l1});
}

void sweep_l1_synthetic(Cases& cases, Penalties penalties) {
  for (const float l1 : penalties) {
    cases.push_back({.sweep = "l1", .text15k = false, .atoms = 15000, .dim = 512, .l1_penalty = l1});
  }
}

void sweep_batch(Cases& cases, Sizes batches) {
  for (const std::int64_t rows : batches) {
    cases.push_back({.sweep = "batch", .rows = rows, .repetitions = repetitions_for(rows)});
  }
}

/// Large dictionaries are slow to make: fewer rows.
void sweep_atoms(Cases& cases, Sizes atoms) {
  for (const std::int64_t p : atoms) {
    const std::int64_t rows = p > 30000 ? 256 : 512;
    cases.push_back({.sweep = "atoms",
                     .text15k = false,
                     .atoms = p,
                     .dim = 512,
                     .rows = rows,
                     .l1_penalty = 0.35f,
                     .repetitions = 5});
  }
}

void sweep_dim(Cases& cases, Sizes dims) {
  for (const std::int64_t d : dims) {
    cases.push_back(
        {.sweep = "dim", .text15k = false, .atoms = 15000, .dim = d, .l1_penalty = 0.35f, .repetitions = 5});
  }
}

/// The dense solvers need hundreds of products a row: few rows.
void sweep_solver(Cases& cases, std::int64_t rows) {
  for (const SolverKind solver :
       {SolverKind::working_set, SolverKind::coordinate_descent, SolverKind::fista, SolverKind::admm}) {
    cases.push_back({.sweep = "solver", .rows = rows, .solver = solver, .repetitions = 3});
  }
}

/// Rows enough for the last tiles, which some threads wait for, not to matter.
void sweep_threads(Cases& cases, std::int64_t rows) {
  const int all = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (int threads = 1; threads <= all; threads *= 2) {
    cases.push_back({.sweep = "threads", .rows = rows, .threads = threads, .repetitions = 9});
  }
}

}  // namespace

std::vector<DecomposeCase> full_grid() {
  Cases cases;
  sweep_l1(cases, {0.1f, 0.15f, 0.2f, 0.25f, 0.3f, 0.35f, 0.4f});
  sweep_batch(cases, {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536});
  sweep_solver(cases, 64);
  sweep_threads(cases, 8192);
  sweep_l1_synthetic(cases, {0.1f, 0.15f, 0.2f, 0.25f, 0.3f, 0.35f, 0.4f});
  sweep_atoms(cases, {1000, 2000, 5000, 10000, 30000, 60000, 120000});
  sweep_dim(cases, {384, 512, 768, 1024});
  return cases;
}

std::vector<DecomposeCase> short_grid() {
  Cases cases;
  sweep_l1(cases, {0.15f, 0.25f, 0.35f});
  sweep_batch(cases, {1, 64, 1024});
  sweep_solver(cases, 16);
  sweep_threads(cases, 2048);
  sweep_l1_synthetic(cases, {0.15f, 0.25f, 0.35f});
  sweep_atoms(cases, {1000, 10000, 60000});
  sweep_dim(cases, {768});
  return cases;
}

}  // namespace splice_cuda::bench

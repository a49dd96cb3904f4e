// Every barrier of every kernel is needed: without it, and with all others, the watcher finds a race.

#include <fstream>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "cuda/emulation/emulated_devices.hpp"
#include "cuda/exact_scratch.hpp"
#include "cuda/solve_stages.hpp"
#include "cuda/target_scratch.hpp"
#include "kernels/collect_rows.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

using emulation::Barriers;
using emulation::barriers;

void solve(const SampleProblem& sample, float penalty, bool nonnegative, const SparseCodes* start = nullptr,
           bool refit = false) {
  const Context context(Device::cuda(0));
  DecomposeOptions options;
  options.l1_penalty = penalty;
  options.nonnegative = nonnegative;
  options.warm_start = start;
  options.refit = refit;
  decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options);
}

/// Signed rows whose signs the first guess has wrong: atoms are turned.
SparseCodes start_of(const SampleProblem& sample, std::int32_t count) {
  SparseCodes codes{.rows = sample.rows, .cols = sample.atoms, .row_offsets = {0}, .atom_indices = {}, .values = {}};
  for (std::int64_t i = 0; i < sample.rows; ++i) {
    for (std::int32_t j = 0; j < count; ++j) {
      codes.atom_indices.push_back(j);
      codes.values.push_back(j % 2 == 0 ? 0.1f : -0.1f);
    }
    codes.row_offsets.push_back(codes.nnz());
  }
  return codes;
}

void solve_exactly(int capacity, bool nonnegative) {
  DecomposeOptions options;
  options.l1_penalty = 0.01f;
  options.nonnegative = nonnegative;
  SampleProblem sample = sample_problem(90, 12, 1, 7);
  std::copy_n(sample.dictionary.begin() + 5 * 12, 12, sample.dictionary.begin() + 50 * 12);
  KernelProblem problem(std::move(sample), options);
  KernelRows rows(1, problem.atoms.ld, 32, 1);
  emulation::EmulatedDevice device(Device::cuda(0));
  rows.load(device, problem);
  rows.phase[0] = cuda::RowPhase::exact;
  ExactMemory memory(problem, rows, capacity);
  device.launch<cuda::ExactRowKernel>(1, memory.args, 1);
}

/// A list that does not hold what passed.
void overflow() {
  const KernelProblem problem(sample_problem(60, 17, 1, 5));
  KernelRows rows(1, problem.atoms.ld, 32, 4);
  emulation::EmulatedDevice device(Device::cuda(0));
  rows.load(device, problem);
  rows.phase[0] = cuda::RowPhase::certifying;
  rows.margin_level[0] = 2;
  rows.list_count[0] = 5;
  pick_rows(device, problem, rows);
}

/// Signed rows that may claim whatever they find: atoms join until none is left, some with a sign that turns out wrong.
template <class Kernel>
void join_in_steps(std::int64_t atoms) {
  DecomposeOptions options;
  options.l1_penalty = 0.2f;
  options.nonnegative = false;
  const KernelProblem problem(sample_problem(atoms, 120, 1, 6), options);
  KernelRows rows(1, problem.atoms.ld, 128, atoms);
  emulation::EmulatedDevice device(Device::cuda(0));
  rows.load(device, problem);
  rows.set_code(0, {}, {});
  rows.phase[0] = cuda::RowPhase::refused;
  rows.r = rows.z;
  rows.margin_level[0] = 0;
  screen_rows(device, problem, rows);
  rows.unlisted_bound[0] = -1e6f;
  rows.pick_count[0] = 0;
  rows.let_wait(0, Kernel::list);
  solve_waiting<Kernel>(device, problem, rows);
}

/// The second atom nearly is the first one's negative: it depends on it, and does not push it out.
void stay_out() {
  SampleProblem sample{.atoms = 3,
                       .dim = 3,
                       .rows = 1,
                       .dictionary = {1, 0, 0, -0.5f, 1e-6f, 0, 0, 0, 0.1f},
                       .embeddings = {1, 0.5f, 0}};
  solve(sample, 2e-7f, true);
}

/// More rows than the lanes of a block can note at once.
void collect() {
  KernelRows rows(65537, 1, 1, 1);
  std::fill(rows.phase.begin(), rows.phase.end(), cuda::RowPhase::certifying);
  std::int32_t unfinished = 0;
  emulation::EmulatedDevice(Device::cuda(0)).launch<cuda::CollectRowsKernel>(1, {rows.view, rows.screen, &unfinished});
}

/// A row that finds its own penalty, among candidates that others join.
void find_penalty(std::int32_t l0, float cosine, CandidateCounts counts,
                  const SampleProblem& sample = sample_problem(120, 20, 1, 5)) {
  DecomposeOptions options;
  options.target_l0 = l0;
  options.target_cosine = cosine;
  options.nonnegative = false;
  const KernelProblem problem(sample, options);
  KernelRows rows(1, problem.atoms.ld, 32, 1);
  emulation::EmulatedDevice device(Device::cuda(0));
  rows.load(device, problem);
  const TargetScratch scratch(problem, rows, problem.problem.target, counts);
  device.launch<cuda::TargetRowKernel>(1, scratch.args, 1);
}

/// Pairs of atoms so near to each other that an inverse of their Gram matrix leaves something to Newton steps.
SampleProblem near_pairs() {
  SampleProblem sample = sample_problem(60, 20, 1, 5);
  for (std::size_t k = 0; k < 600; ++k) sample.dictionary[600 + k] = sample.dictionary[k] * (k % 3 == 0 ? 1 + 1e-4f : 1);
  return sample;
}

/// Small problems that, together, pass every barrier.
void run(int scenario) {
  switch (scenario) {
    case 0: return solve(sample_problem(60, 17, 2, 1), 0.05f, true);
    case 1: return solve(sample_problem(70, 20, 2, 2), 0.02f, false, nullptr, true);
    case 2: return solve(sample_problem(70, 20, 1, 3), 0.02f, true, nullptr, true);
    case 3: return solve_exactly(48, true);
    case 4: return solve_exactly(128, false);
    case 5: return overflow();
    case 6: return stay_out();
    case 7: return join_in_steps<cuda::SmallCheckRowsKernel>(90);
    case 8: return join_in_steps<cuda::MediumCheckRowsKernel>(150);
    case 14: return join_in_steps<cuda::LargeCheckRowsKernel>(150);
    case 9: return collect();
    case 10: return solve(sample_problem(900, 12, 1, 8), 0.1f, false);  // more in a list than a warp holds at once
    case 11: return find_penalty(0, 0.97f, {});
    case 12: return find_penalty(12, 0, {10, 120, 5});
    case 13: return find_penalty(0, 0.99f, {}, near_pairs());
    default: break;
  }
  // Starts that only the larger solvers hold; few of the atoms stay.
  static const SampleProblem sample = sample_problem(150, 140, 1, 4);
  static const std::map<int, SparseCodes> starts = {
      {0, start_of(sample, 20)}, {1, start_of(sample, 40)}, {2, start_of(sample, 70)}, {3, start_of(sample, 130)}};
  solve(sample, 0.3f, scenario % 2 == 0, &starts.at((scenario - 15) / 2));
}
constexpr int scenarios = 23;

/// Barriers that guard something else than memory which another lane reads or writes.
const std::map<std::string, std::string> unseen = {};

std::string name_of(const Barriers::Site& site) {
  return std::string(site.first.substr(site.first.rfind('/') + 1)) + ":" + std::to_string(site.second);
}

/// All barriers in files of cuda/kernels.
std::set<std::string> barriers_in(const std::set<std::string>& files) {
  std::set<std::string> sites;
  for (const std::string& file : files) {
    std::ifstream source(std::string(SPLICE_KERNEL_SOURCES) + "/" + file);
    EXPECT_TRUE(source.good()) << file;
    std::string line;
    for (int number = 1; std::getline(source, line); ++number) {
      const std::size_t found = line.find(".sync();");
      if (found != std::string::npos && line.find("//") > found) sites.insert(file + ":" + std::to_string(number));
    }
  }
  return sites;
}

/// Whether the watcher finds fault with the scenario.
bool is_faulty(int scenario, const Barriers::Site& ignored) {
  const emulation::Watched watched;
  emulation::faults().stop_at_first = true;
  emulation::settings().filled_bytes = 1 << 20;
  barriers().ignored = ignored;
  try {
    run(scenario);
  } catch (const emulation::FaultFound&) {
  }
  barriers().ignored = {};
  emulation::settings() = {};
  return emulation::faults().total() > 0;
}

TEST(BarriersOfKernels, EachOneIsNeeded) {
  std::map<Barriers::Site, std::vector<int>> passed;  // by which scenarios
  for (int scenario = 0; scenario < scenarios; ++scenario) {
    barriers().passed.clear();
    EXPECT_FALSE(is_faulty(scenario, {})) << "scenario " << scenario << ": " << emulation::faults().first;
    for (const Barriers::Site& site : barriers().passed) passed[site].push_back(scenario);
  }
  EXPECT_GT(passed.size(), 25u);
  // None of those files has another one, that no scenario passes.
  std::set<std::string> files;
  std::set<std::string> sites;
  for (const auto& [site, by] : passed) {
    const std::string name = name_of(site);
    files.insert(name.substr(0, name.find(':')));
    sites.insert(name);
  }
  EXPECT_EQ(barriers_in(files), sites);
  for (const auto& [site, by] : passed) {
    if (unseen.contains(name_of(site))) continue;
    bool needed = false;
    for (std::size_t i = 0; i < by.size() && !needed; ++i) needed = is_faulty(by[i], site);
    EXPECT_TRUE(needed) << name_of(site) << " is passed, and nothing goes wrong without it";
  }
}

}  // namespace
}  // namespace splice_cuda::testing

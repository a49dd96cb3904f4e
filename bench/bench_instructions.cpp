// What kernels execute, counted without a GPU: compiled ones, in PTX, run on the host (tests/cuda/compiled). PTX that was compiled
// with -lineinfo tells the lines of the source:
//
//   bench_instructions KERNELS.ptx [--p 15000] [--d 512] [--rows 96] [--l1 0.25] [--text15k] [--lines 40] [--kernel WarpSolve] [--file solve_rows]
//
// An instruction is one of a warp; a multiprocessor issues four a cycle at most. Copies between registers are not counted: the assembler
// leaves few of them. What else it does is not seen: compare counts, do not add them up to cycles.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cuda/compiled/compiled_kernels.hpp"
#include "cuda/compiled/timeline.hpp"
#include "cuda/emulation/emulated_devices.hpp"
#include "problem.hpp"
#include "splice_cuda/splice_cuda.hpp"
#include "synthetic.hpp"

namespace {

using namespace splice_cuda;

struct Arguments {
  std::string kernels;
  std::int64_t p = 15000;
  std::int64_t d = 512;
  std::int64_t rows = 96;
  float l1 = 0.25f;
  bool text15k = false;
  std::size_t lines = 40;
  std::string kernel;
  std::string file;
  bool waits = false;
};

struct Line {
  std::int64_t count = 0;
  std::string place;
};

/// Of a function of the program, what is assembled.
std::int64_t count_of(const compiled::Machine& machine, std::size_t function, std::size_t instruction) {
  const bool is_copy = machine.program().functions[function].code[instruction].is_copy;
  return is_copy ? 0 : machine.counts()[function][instruction];
}

/// The name of a kernel's struct, or what a function is mangled as.
std::string short_name(const std::string& name) {
  const std::size_t at = name.find("NS0_");
  return name.find("entry_kernel") == std::string::npos || at == std::string::npos ? name : name.substr(at + 4, 44);
}

void print_kernels(const compiled::Machine& machine, std::int64_t rows) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < machine.counts().size(); ++i) {
    Line line{0, short_name(machine.program().functions[i].name)};
    for (std::size_t k = 0; k < machine.counts()[i].size(); ++k) line.count += count_of(machine, i, k);
    if (line.count > 0) lines.push_back(line);
  }
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.count > b.count; });
  std::printf("instructions a row, by kernel and by function that is called\n");
  for (const Line& line : lines) {
    std::printf("%12.1f  %s\n", static_cast<double>(line.count) / static_cast<double>(rows), line.place.c_str());
  }
}

/// Lines with what they call, of the files whose name has `file`; without: with what is inlined nowhere else.
void print_lines(const compiled::Machine& machine, const Arguments& a) {
  const compiled::Program& program = machine.program();
  std::map<std::pair<int, int>, std::int64_t> counts;
  std::int64_t all = 0;
  for (std::size_t i = 0; i < machine.counts().size(); ++i) {
    const compiled::Function& function = program.functions[i];
    if (function.name.find(a.kernel) == std::string::npos) continue;
    for (std::size_t k = 0; k < function.code.size(); ++k) {
      const std::int64_t count = count_of(machine, i, k);
      all += count;
      std::set<std::pair<int, int>> seen;
      for (int at = function.code[k].place; at >= 0;) {
        const compiled::SourcePlace& place = program.places[static_cast<std::size_t>(at)];
        if (seen.insert({place.file, place.line}).second) counts[{place.file, place.line}] += count;
        at = a.file.empty() ? -1 : place.caller;
      }
    }
  }
  std::vector<Line> lines;
  for (const auto& [place, count] : counts) {
    const auto file = program.files.find(place.first);
    const std::string name = file == program.files.end() ? "?" : file->second.substr(file->second.rfind('/') + 1);
    if (name.find(a.file) != std::string::npos) lines.push_back({count, name + ":" + std::to_string(place.second)});
  }
  std::stable_sort(lines.begin(), lines.end(), [](const Line& x, const Line& y) { return x.count > y.count; });
  std::printf("\ninstructions a row, by line of the source%s\n", a.file.empty() ? "" : ", with what is inlined there");
  for (std::size_t i = 0; i < std::min(a.lines, lines.size()); ++i) {
    const auto count = static_cast<double>(lines[i].count);
    std::printf("%12.1f %5.1f%%  %s\n", count / static_cast<double>(a.rows), 100 * count / static_cast<double>(all), lines[i].place.c_str());
  }
}

double of_row(std::int64_t cycles, const Arguments& a) { return static_cast<double>(cycles) / static_cast<double>(a.rows); }

struct Waits {
  compiled::Timeline::Cycles cycles{};
  std::int64_t bytes = 0;

  std::int64_t all() const { return std::accumulate(cycles.begin(), cycles.end(), std::int64_t{0}); }
  void add(const compiled::Timeline& timeline, std::size_t function, std::size_t at) {
    const compiled::Timeline::Cycles& more = timeline.waits()[function][at];
    for (std::size_t i = 0; i < cycles.size(); ++i) cycles[i] += more[i];
    bytes += timeline.far_bytes()[function][at];
  }
};

void print(const Waits& waits, const Arguments& a, const std::string& place) {
  std::printf("%10.0f %8.1f", of_row(waits.all(), a), of_row(waits.bytes, a) / 1024);
  for (const std::int64_t one : waits.cycles) std::printf(" %9.0f", of_row(one, a));
  std::printf("  %s\n", place.c_str());
}

void print_waits(const compiled::Machine& machine, const compiled::Timeline& timeline, const Arguments& a) {
  const compiled::Program& program = machine.program();
  std::printf("\ncycles of a warp and KB read, a row:\n%10s %8s", "all", "KB");
  for (std::size_t i = 0; i < compiled::Timeline::Cycles{}.size(); ++i) std::printf(" %9s", name_of(static_cast<compiled::Wait>(i)));
  std::printf("\n");
  std::vector<std::pair<std::string, Waits>> kernels;
  std::map<std::pair<int, int>, Waits> lines;
  for (std::size_t i = 0; i < program.functions.size(); ++i) {
    const compiled::Function& function = program.functions[i];
    Waits all;
    for (std::size_t k = 0; k < function.code.size(); ++k) all.add(timeline, i, k);
    if (all.all() > 0) kernels.emplace_back(short_name(function.name), all);
    if (function.name.find(a.kernel) == std::string::npos) continue;
    for (std::size_t k = 0; k < function.code.size(); ++k) {
      std::set<std::pair<int, int>> seen;
      for (int at = function.code[k].place; at >= 0;) {
        const compiled::SourcePlace& place = program.places[static_cast<std::size_t>(at)];
        if (seen.insert({place.file, place.line}).second) lines[{place.file, place.line}].add(timeline, i, k);
        at = a.file.empty() ? -1 : place.caller;
      }
    }
  }
  const auto more = [](const auto& x, const auto& y) { return x.second.all() > y.second.all(); };
  std::stable_sort(kernels.begin(), kernels.end(), more);
  for (const auto& [name, waits] : kernels) print(waits, a, name);
  std::printf("\n");
  std::vector<std::pair<std::string, Waits>> named;
  for (const auto& [place, waits] : lines) {
    const auto file = program.files.find(place.first);
    const std::string name = file == program.files.end() ? "?" : file->second.substr(file->second.rfind('/') + 1);
    if (name.find(a.file) != std::string::npos) named.emplace_back(name + ":" + std::to_string(place.second), waits);
  }
  std::stable_sort(named.begin(), named.end(), more);
  for (std::size_t i = 0; i < std::min(a.lines, named.size()); ++i) print(named[i].second, a, named[i].first);
}

int run(const Arguments& a) {
  compiled::CompiledKernels kernels(a.kernels);
  compiled::Timeline timeline(kernels.machine().program());
  if (a.waits) kernels.set_observer(&timeline);
  const std::shared_ptr<const bench::BenchProblem> problem =
      a.text15k ? bench::load_text15k(a.rows) : bench::make_synthetic({.atoms = a.p, .dim = a.d, .rows = a.rows});
  if (problem == nullptr) {
    std::fprintf(stderr, "bench_instructions: --text15k: the files are not there\n");
    return 1;
  }
  const Context context(Device::cuda(0));
  const Dictionary dictionary(context, problem->atoms_view());
  DecomposeOptions options;
  options.l1_penalty = a.l1;
  kernels.take_over(emulation::settings());
  emulation::settings().multiprocessors = 2;
  const DecomposeResult result = decompose(context, dictionary, problem->embeddings_view(0, a.rows), options);
  double rounds = 0;
  for (const RowReport& report : result.reports) rounds += report.rounds;
  std::printf("%s, p %ld, d %ld, l1 %g, %ld rows: %.2f passes and %.1f concepts a row\n", problem->name.c_str(),
              static_cast<long>(problem->atom_count()), static_cast<long>(problem->dim), static_cast<double>(a.l1),
              static_cast<long>(a.rows), rounds / static_cast<double>(a.rows),
              static_cast<double>(result.codes.nnz()) / static_cast<double>(a.rows));
  if (a.waits) {
    print_waits(kernels.machine(), timeline, a);
    return 0;
  }
  print_kernels(kernels.machine(), a.rows);
  print_lines(kernels.machine(), a);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  CLI::App app("Counts the instructions of compiled kernels without a GPU");
  app.add_option("kernels", a.kernels, "PTX of cuda/cuda_backend.cu")->required()->check(CLI::ExistingFile);
  app.add_option("--p", a.p, "Atoms")->check(CLI::PositiveNumber);
  app.add_option("--d", a.d, "Dimensions")->check(CLI::PositiveNumber);
  app.add_option("--rows", a.rows, "Rows")->check(CLI::PositiveNumber);
  app.add_option("--l1", a.l1, "Penalty")->check(CLI::PositiveNumber);
  app.add_flag("--text15k", a.text15k, "Sentence vectors in place of synthetic ones; --p and --d are not looked at");
  app.add_option("--lines", a.lines, "Lines of the source to list");
  app.add_option("--kernel", a.kernel, "A part of the name of the functions whose lines are listed");
  app.add_option("--file", a.file, "A part of the name of the files whose lines are listed, with all that is inlined there");
  app.add_flag("--waits", a.waits, "Cycles of a warp by a model, and what it waits for, in place of counts");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(a);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_instructions: %s\n", error.what());
    return 1;
  }
}

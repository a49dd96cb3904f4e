// What kernels execute, counted without a GPU: compiled ones, in PTX, run on the host (tests/cuda/compiled). PTX that was compiled
// with -lineinfo tells the lines of the source:
//
//   bench_instructions KERNELS.ptx [--p 15000] [--d 512] [--rows 96] [--l1 0.25] [--text15k] [--lines 40] [--kernel WarpRows] [--file row_round]
//                      [--waits]
//
// An instruction is one of a warp; a multiprocessor issues four a cycle at most. Copies between registers are not counted: the assembler
// leaves few of them. What else it does is not seen: compare counts, do not add them up to cycles.
//
// --waits: a warp's cycles by a model of latencies instead (tests/cuda/compiled/timeline.hpp), by what it waits for, and the bytes that it
// reads from the second-level cache; of a line, those until what it asked for was there.

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

/// The name of a kernel's struct, or what a function is mangled as.
std::string short_name(const std::string& name) {
  const std::size_t at = name.find("NS0_");
  return name.find("entry_kernel") == std::string::npos || at == std::string::npos ? name : name.substr(at + 4, 44);
}

template <class Sum>
using Named = std::vector<std::pair<std::string, Sum>>;

/// What add(sum, function, instruction) adds up to, the largest first: by function, and by line of the source.
template <class Sum>
struct Table {
  Named<Sum> functions;
  /// Of functions whose name has `kernel`, lines of the files whose name has `file`, with what is inlined there; without `file`
  /// all lines, with what is inlined nowhere else.
  Named<Sum> lines;

  template <class Add>
  Table(const compiled::Program& program, const Arguments& a, Add add) {
    std::map<std::pair<int, int>, Sum> by_line;
    for (std::size_t i = 0; i < program.functions.size(); ++i) {
      const compiled::Function& function = program.functions[i];
      const bool wanted = function.name.find(a.kernel) != std::string::npos;
      Sum all;
      for (std::size_t k = 0; k < function.code.size(); ++k) {
        add(all, i, k);
        std::set<std::pair<int, int>> seen;
        for (int at = wanted ? function.code[k].place : -1; at >= 0;) {
          const compiled::SourcePlace& place = program.places[static_cast<std::size_t>(at)];
          if (seen.insert({place.file, place.line}).second) add(by_line[{place.file, place.line}], i, k);
          at = a.file.empty() ? -1 : place.caller;
        }
      }
      if (all.total() > 0) functions.emplace_back(short_name(function.name), all);
    }
    for (const auto& [place, sum] : by_line) {
      const auto file = program.files.find(place.first);
      const std::string name = file == program.files.end() ? "?" : file->second.substr(file->second.rfind('/') + 1);
      if (name.find(a.file) != std::string::npos) lines.emplace_back(name + ":" + std::to_string(place.second), sum);
    }
    for (Named<Sum>* const named : {&functions, &lines}) {
      std::stable_sort(named->begin(), named->end(), [](const auto& x, const auto& y) { return x.second.total() > y.second.total(); });
    }
    lines.resize(std::min(a.lines, lines.size()));
  }
};

double of_row(std::int64_t sum, const Arguments& a) { return static_cast<double>(sum) / static_cast<double>(a.rows); }

/// Instructions that are assembled.
struct Count {
  std::int64_t instructions = 0;

  std::int64_t total() const { return instructions; }
  void print(const Arguments& a, const std::string& place) const {
    std::printf("%12.1f  %s\n", of_row(instructions, a), place.c_str());
  }
};

/// Cycles of warps, and what they read from the second level.
struct Waits {
  compiled::Timeline::Cycles cycles{};
  std::int64_t bytes = 0;

  std::int64_t total() const { return std::accumulate(cycles.begin(), cycles.end(), std::int64_t{0}); }
  void print(const Arguments& a, const std::string& place) const {
    std::printf("%10.0f %8.1f", of_row(total(), a), of_row(bytes, a) / 1024);
    for (const std::int64_t one : cycles) std::printf(" %9.0f", of_row(one, a));
    std::printf("  %s\n", place.c_str());
  }
};

template <class Sum>
void print(const Table<Sum>& table, const Arguments& a) {
  for (const auto& [name, sum] : table.functions) sum.print(a, name);
  std::printf("\nby line of the source%s\n", a.file.empty() ? "" : ", with what is inlined there");
  for (const auto& [place, sum] : table.lines) sum.print(a, place);
}

void print_counts(const compiled::Machine& machine, const Arguments& a) {
  std::printf("instructions a row, by kernel and by function that is called\n");
  print(Table<Count>(machine.program(), a,
                     [&](Count& sum, std::size_t function, std::size_t at) {
                       if (!machine.program().functions[function].code[at].is_copy) sum.instructions += machine.counts()[function][at];
                     }),
        a);
}

void print_waits(const compiled::Machine& machine, const compiled::Timeline& timeline, const Arguments& a) {
  std::printf("cycles of a warp a row and KB read, by kernel and by function that is called\n%10s %8s", "all", "KB");
  for (std::size_t i = 0; i < compiled::Timeline::Cycles{}.size(); ++i) std::printf(" %9s", name_of(static_cast<compiled::Wait>(i)));
  std::printf("\n");
  print(Table<Waits>(machine.program(), a,
                     [&](Waits& sum, std::size_t function, std::size_t at) {
                       const compiled::Timeline::Cycles& more = timeline.waits()[function][at];
                       for (std::size_t i = 0; i < more.size(); ++i) sum.cycles[i] += more[i];
                       sum.bytes += timeline.far_bytes()[function][at];
                     }),
        a);
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
  double gaps = 0;
  for (const RowReport& report : result.reports) {
    rounds += report.rounds;
    gaps += report.gap;
  }
  std::printf("%s, p %ld, d %ld, l1 %g, %ld rows: %.2f passes and %.1f concepts a row, gap %.2g\n", problem->name.c_str(),
              static_cast<long>(problem->atom_count()), static_cast<long>(problem->dim), static_cast<double>(a.l1),
              static_cast<long>(a.rows), rounds / static_cast<double>(a.rows),
              static_cast<double>(result.codes.nnz()) / static_cast<double>(a.rows), gaps / static_cast<double>(a.rows));
  if (a.waits) {
    print_waits(kernels.machine(), timeline, a);
  } else {
    print_counts(kernels.machine(), a);
  }
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

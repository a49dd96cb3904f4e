// Large vocabularies: decompose out of a mapped dictionary, through the public API.
//
//   bench_large write FILE ATOMS [DTYPE]        makes a dictionary of that many synthetic atoms (d = 512)
//   bench_large solve FILE ROWS [THREADS [L1]]  decomposes ROWS rows made of its atoms; one JSON line
//
// Two processes, so that what the second one holds in memory is what decomposing needs.

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/half.hpp"
#include "machine.hpp"
#include "resident_memory.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/decompose.hpp"
#include "stopwatch.hpp"
#include "synthetic.hpp"

namespace {

using namespace splice_cuda;
using namespace splice_cuda::bench;

constexpr std::int64_t dim = 512;

template <class T, class Round>
void write_atoms(const std::string& path, std::int64_t count, Round round) {
  std::vector<T> values(static_cast<std::size_t>(count * dim));
  {
    SyntheticAtoms atoms(count, dim);
    std::vector<float> atom(dim);
    for (std::int64_t j = 0; j < count; ++j) {
      atoms.next(atom);
      std::transform(atom.begin(), atom.end(), values.begin() + j * dim, round);
    }
  }
  ConceptSpace::from_atoms(MatrixView<const T>(values.data(), count, dim)).save(path);
}

int write(const std::string& path, std::int64_t count, const std::string& dtype) {
  if (dtype == "bfloat16") {
    write_atoms<BFloat16>(path, count, to_bfloat16);
  } else if (dtype == "float16") {
    write_atoms<Float16>(path, count, to_float16);
  } else if (dtype == "float32") {
    write_atoms<float>(path, count, [](float value) { return value; });
  } else {
    throw std::invalid_argument("type " + dtype + " given, expected float32, float16 or bfloat16");
  }
  return 0;
}

/// Figures of the rows' reports.
void add_outcome(nlohmann::json& line, const DecomposeResult& result) {
  std::int64_t certified = 0;
  double max_relative_gap = 0;
  double rounds = 0;
  for (const RowReport& report : result.reports) {
    certified += report.status == RowStatus::certified ? 1 : 0;
    max_relative_gap = std::max(max_relative_gap, 2 * report.gap);  // |z| = 1
    rounds += report.rounds;
  }
  const auto rows = static_cast<double>(result.codes.rows);
  line["certified"] = certified;
  line["max_relative_gap"] = max_relative_gap;
  line["mean_l0"] = static_cast<double>(result.codes.nnz()) / rows;
  line["mean_rounds"] = rounds / rows;
}

void add_times(nlohmann::json& line, const std::string& what, const Times& times) {
  line[what + "_s"] = times.wall;
  line[what + "_cpu_s"] = times.processor;
}

int solve(const std::string& path, std::int64_t rows, int threads, float l1_penalty) {
  const Context context{Device::cpu(), {.threads = threads}};
  PeakMemory peak;
  nlohmann::json line;
  std::unique_ptr<ConceptSpace> space;
  add_times(line, "load",
            times_of([&] { space = std::make_unique<ConceptSpace>(ConceptSpace::load(path)); }));
  add_times(line, "set_up", times_of([&] { space->dictionary(context); }));
  const std::int64_t anonymous_before = resident_memory().anonymous;
  const std::vector<float> z = make_synthetic_rows(
      {.atoms = space->size(), .dim = space->dim(), .rows = rows}, [&](std::int64_t j, std::span<float> out) {
        space->read_atoms(j, {out.data(), 1, space->dim()});
      });
  const MatrixView<const float> view(z.data(), rows, space->dim());
  const DecomposeOptions options{.l1_penalty = l1_penalty};
  const Dictionary& dictionary = space->dictionary(context);
  decompose(context, dictionary, view.slice(0, std::min<std::int64_t>(rows, 8)), options);  // warm-up
  DecomposeResult result;
  const Times times = times_of([&] { result = decompose(context, dictionary, view, options); });
  const double per_row = 1 / static_cast<double>(rows);
  line["atoms"] = space->size();
  line["dim"] = space->dim();
  line["dtype"] = to_string(space->atoms().dtype);
  line["in_place"] = dictionary.in_place();
  line["threads"] = threads;
  line["rows"] = rows;
  line["l1_penalty"] = l1_penalty;
  line["us_per_row"] = 1e6 * times.wall * per_row;
  line["cpu_us_per_row"] = 1e6 * times.processor * per_row;
  line["cpu_ns_per_row_atom"] = 1e9 * times.processor * per_row / static_cast<double>(space->size());
  line["anonymous_before_mb"] = anonymous_before >> 20;
  line["peak_anonymous_mb"] = peak.most().anonymous >> 20;
  line["peak_mapped_mb"] = peak.most().mapped >> 20;
  add_outcome(line, result);
  for (const auto& [key, value] : describe_build()) line[key] = value;
  std::cout << line.dump() << '\n';
  return line["certified"] == rows ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> given(argv + 1, argv + argc);
  try {
    if (given.size() >= 3 && given[0] == "write")
      return write(given[1], std::stoll(given[2]), given.size() > 3 ? given[3] : "bfloat16");
    if (given.size() >= 3 && given[0] == "solve") {
      return solve(given[1], std::stoll(given[2]), given.size() > 3 ? std::stoi(given[3]) : 1,
                   given.size() > 4 ? std::stof(given[4]) : 0.25f);
    }
  } catch (const std::exception& error) {
    std::cerr << "bench_large: " << error.what() << '\n';
    return 1;
  }
  std::cerr << "usage: bench_large write FILE ATOMS [DTYPE] | bench_large solve FILE ROWS [THREADS [L1]]\n";
  return 2;
}

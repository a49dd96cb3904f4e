// decompose for compare_peers.py, which decides when each peer runs.
//
//   bench_rows export FOLDER [ROWS [ATOMS DIM]]   writes the benchmarks' problem: atoms.npy, embeddings.npy;
//   with ATOMS and
//                                                 DIM a synthetic one of that size
//   bench_rows serve ATOMS.npy ROWS.npy [THREADS [DEVICE]]
//
// `serve` makes the dictionary, then reads requests from standard input, one JSON object a line:
//   {"l1": 0.25, "gap_tolerance": 1e-6, "first": 0, "count": 32, "at_a_time": 32, "codes": "codes.npz"}
// solves rows [first, first + count) in calls of `at_a_time` rows, and answers with one line: seconds of all
// calls together, certified rows, mean l0, largest gap. Codes are written, untimed, where "codes" names a
// file.
//   {"product": true, "first": 0, "count": 32}
// times the fp32 matrix product of these rows with all atoms instead.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/atomic_file.hpp"
#include "io/npy.hpp"
#include "io/npz.hpp"
#include "machine.hpp"
#include "matrix_product.hpp"
#include "problem.hpp"
#include "splice_cuda/decompose.hpp"
#include "stopwatch.hpp"
#include "synthetic.hpp"

namespace {

using namespace splice_cuda;
using nlohmann::json;

void write_matrix(const std::filesystem::path& path, MatrixView<const float> matrix) {
  const std::int64_t shape[] = {matrix.rows, matrix.cols};
  io::AtomicFile file(path);
  const std::string header = io::npy_header(io::NpyType::float32, shape);
  file.write(std::as_bytes(std::span(header)));
  file.write(std::as_bytes(std::span(matrix.data, static_cast<std::size_t>(matrix.rows * matrix.cols))));
  file.commit();
}

int export_problem(const std::filesystem::path& folder, const bench::BenchProblem& problem) {
  std::filesystem::create_directories(folder);
  write_matrix(folder / "atoms.npy", problem.atoms_view());
  write_matrix(folder / "embeddings.npy", problem.embeddings_view(0, problem.rows()));
  std::cout << problem.name << '\n';
  return 0;
}

/// Puts the rows of a later call below those of the earlier ones.
void append(DecomposeResult& all, const DecomposeResult& part) {
  const std::int64_t offset = all.codes.nnz();
  all.codes.rows += part.codes.rows;
  all.codes.cols = part.codes.cols;
  if (all.codes.row_offsets.empty()) all.codes.row_offsets.push_back(0);
  for (std::size_t i = 1; i < part.codes.row_offsets.size(); ++i) {
    all.codes.row_offsets.push_back(offset + part.codes.row_offsets[i]);
  }
  all.codes.atom_indices.insert(all.codes.atom_indices.end(), part.codes.atom_indices.begin(),
                                part.codes.atom_indices.end());
  all.codes.values.insert(all.codes.values.end(), part.codes.values.begin(), part.codes.values.end());
  all.reports.insert(all.reports.end(), part.reports.begin(), part.reports.end());
}

/// The rows that a request asks for. @throws std::out_of_range where there are not so many
MatrixView<const float> asked_rows(const json& request, MatrixView<const float> rows) {
  const auto first = request.at("first").get<std::int64_t>();
  const auto count = request.at("count").get<std::int64_t>();
  if (first < 0 || count < 1 || first > rows.rows - count) {
    throw std::out_of_range("rows " + std::to_string(first) + " + " + std::to_string(count) + " asked of " +
                            std::to_string(rows.rows) +
                            ", expected first >= 0, count >= 1, no more than there are");
  }
  return rows.slice(first, count);
}

json answer(const json& request, const Context& context, const Dictionary& dictionary,
            MatrixView<const float> rows) {
  DecomposeOptions options{.l1_penalty = request.at("l1").get<float>()};
  options.solve.gap_tolerance = request.value("gap_tolerance", options.solve.gap_tolerance);
  const MatrixView<const float> asked = asked_rows(request, rows);
  const std::int64_t step = request.value("at_a_time", asked.rows);
  if (step < 1) throw std::out_of_range("at_a_time " + std::to_string(step) + " given, expected at least 1");

  DecomposeResult all;
  double seconds = 0;
  for (std::int64_t i = 0; i < asked.rows; i += step) {
    DecomposeResult part;
    seconds += bench::seconds_of([&] {
      part = decompose(context, dictionary, asked.slice(i, std::min(step, asked.rows - i)), options);
    });
    append(all, part);
  }
  double max_gap = 0;
  std::int64_t certified = 0;
  for (const RowReport& report : all.reports) {
    max_gap = std::max(max_gap, report.gap);
    certified += report.status == RowStatus::certified ? 1 : 0;
  }
  if (request.contains("codes")) {
    io::write_codes(request.at("codes").get<std::string>(), {.codes = all.codes, .reports = all.reports});
  }
  return {{"seconds", seconds},
          {"certified", certified},
          {"mean_l0", static_cast<double>(all.codes.nnz()) / static_cast<double>(all.codes.rows)},
          {"max_gap", max_gap}};
}

json answer_product(const json& request, bench::MatrixProduct& product, MatrixView<const float> rows) {
  const MatrixView<const float> asked = asked_rows(request, rows);
  return {{"seconds", bench::seconds_of([&] { product.run(asked); })}};
}

int serve(const std::string& atoms_path, const std::string& rows_path, int threads,
          const std::string& device) {
  const io::FloatArray atoms = io::read_npy_float32(atoms_path);
  const io::FloatArray rows = io::read_npy_float32(rows_path);
  const Context context{Device::parse(device), {.threads = threads}};
  const Dictionary dictionary{
      context, MatrixView<const float>{atoms.values.data(), atoms.shape.at(0), atoms.shape.at(1)}};
  const MatrixView<const float> embeddings{rows.values.data(), rows.shape.at(0), rows.shape.at(1)};
  std::cout << json(bench::describe_build()).dump() << std::endl;
  bench::MatrixProduct product{{atoms.values.data(), atoms.shape.at(0), atoms.shape.at(1)}, threads};
  for (std::string line; std::getline(std::cin, line);) {
    const json request = json::parse(line);
    const json reply = request.value("product", false) ? answer_product(request, product, embeddings)
                                                       : answer(request, context, dictionary, embeddings);
    std::cout << reply.dump() << std::endl;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() >= 2 && arguments[0] == "export") {
      const std::int64_t rows = arguments.size() > 2 ? std::stoll(arguments[2]) : 4096;
      const auto problem =
          arguments.size() > 4
              ? bench::make_synthetic(
                    {.atoms = std::stoll(arguments[3]), .dim = std::stoll(arguments[4]), .rows = rows})
              : bench::default_problem(rows);
      return export_problem(arguments[1], *problem);
    }
    if (arguments.size() >= 3 && arguments[0] == "serve") {
      return serve(arguments[1], arguments[2], arguments.size() > 3 ? std::stoi(arguments[3]) : 1,
                   arguments.size() > 4 ? arguments[4] : "cpu");
    }
  } catch (const std::exception& error) {
    std::cerr << "bench_rows: " << error.what() << '\n';
    return 1;
  }
  std::cerr << "usage: bench_rows export FOLDER [ROWS [ATOMS DIM]] |"
               " bench_rows serve ATOMS.npy ROWS.npy [THREADS [DEVICE]]\n";
  return 2;
}

// decompose on a device, over a grid of batches, penalties and dictionaries: one JSON line a case.

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "device_case.hpp"
#include "device_rows.hpp"
#include "machine.hpp"
#include "problem.hpp"
#include "stopwatch.hpp"
#include "synthetic.hpp"

namespace {

using namespace splice_cuda;
using namespace splice_cuda::bench;

struct Arguments {
  std::string device = "cuda";
  std::string rows_in = "host";
  std::vector<std::int64_t> rows = {4096};
  std::vector<double> penalties = {0.25};
  std::vector<std::int32_t> target_l0;
  std::vector<double> target_cosine;
  std::vector<std::int64_t> atoms = {15000};
  std::int64_t dim = 512;
  bool text15k = false;
  std::int64_t distinct_rows = 131072;
  int repetitions = 7;
  double seconds_limit = 10;
  int threads = 0;
  std::size_t memory_limit_mb = 0;
};

void add_options(CLI::App& app, Arguments& a) {
  app.add_option("--device", a.device, "cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--rows-in", a.rows_in,
                 "Where embeddings lie and codes go: host or device memory")
      ->check(CLI::IsMember({"host", "device"}))
      ->capture_default_str();
  app.add_option("--n", a.rows, "Rows in a batch, separated by commas")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--l1", a.penalties, "Penalties")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--target-l0", a.target_l0, "Atoms a row at most, each row at its own penalty; no case of --l1 then")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  app.add_option("--target-cosine", a.target_cosine, "Cosines that each row reaches at its own penalty; no case of --l1 then")
      ->delimiter(',')
      ->check(CLI::Range(1e-6, 0.999999));
  app.add_option("--p", a.atoms, "Atoms in the dictionary")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--d", a.dim, "Length of an embedding")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_flag("--text15k", a.text15k,
               "Sentence vectors (p 15000, d 384) in place of synthetic ones; --p and --d are not looked at");
  app.add_option("--distinct-rows", a.distinct_rows, "Larger batches repeat these many synthetic rows")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--repetitions", a.repetitions, "Timed calls a case, after one that is not")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seconds", a.seconds_limit, "No repetition of a case starts after these")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--threads", a.threads, "CPU threads; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--memory-limit-mb", a.memory_limit_mb, "Workspace; 0: the library's default, up to 2048 on a GPU")
      ->capture_default_str();
}

/// Rows of a batch do not learn from each other, so a large one may repeat those of a smaller one.
void repeat_rows(BenchProblem& problem, std::int64_t rows) {
  const std::size_t given = problem.embeddings.size();
  problem.embeddings.resize(static_cast<std::size_t>(rows * problem.dim));
  for (std::size_t i = given; i < problem.embeddings.size(); ++i)
    problem.embeddings[i] = problem.embeddings[i - given];
}

std::shared_ptr<const BenchProblem> make_problem(const Arguments& a, std::int64_t atoms, std::int64_t rows) {
  if (a.text15k) return default_problem(rows);
  const auto few = make_synthetic({.atoms = atoms, .dim = a.dim, .rows = std::min(rows, a.distinct_rows)});
  if (few->rows() == rows) return few;
  auto problem = std::make_shared<BenchProblem>(*few);
  repeat_rows(*problem, rows);
  return problem;
}

std::vector<Wanted> wanted_of(const Arguments& a) {
  std::vector<Wanted> all;
  for (const std::int32_t l0 : a.target_l0) all.push_back({"target_l0", static_cast<double>(l0)});
  for (const double cosine : a.target_cosine) all.push_back({"target_cosine", cosine});
  if (!all.empty()) return all;
  for (const double l1 : a.penalties) all.push_back({"l1", l1});
  return all;
}

/// Prints a line at once: what was measured before a run is stopped stays.
void print(const nlohmann::json& line) { std::cout << line.dump() << std::endl; }

/// @returns whether every case ran and every row was certified
bool run_dictionary(const Arguments& a, std::int64_t atoms, const nlohmann::json& build) {
  const auto problem = make_problem(a, atoms, *std::max_element(a.rows.begin(), a.rows.end()));
  ContextOptions resources{.threads = a.threads};
  if (a.memory_limit_mb > 0) resources.memory_limit_bytes = a.memory_limit_mb << 20;
  const Context context{Device::parse(a.device), resources};
  std::unique_ptr<Dictionary> dictionary;
  const double set_up =
      seconds_of([&] { dictionary = std::make_unique<Dictionary>(context, problem->atoms_view()); });
  std::optional<DeviceRows> on_device;
  if (a.rows_in == "device" && context.device() == Device::cpu()) {
    throw std::invalid_argument("--rows-in device: got --device cpu, expected cuda or cuda:N");
  }
  if (a.rows_in == "device") on_device.emplace(context.device(), problem->embeddings_view(0, problem->rows()));
  bool fine = true;
  for (const std::int64_t rows : a.rows) {
    for (const Wanted& wanted : wanted_of(a)) {
      const DeviceCase one{rows, wanted, a.repetitions, a.seconds_limit};
      nlohmann::json line = build;
      line["name"] = name_of(one, problem->name, *dictionary);
      line["device"] = to_string(context.device());
      line["rows_in"] = a.rows_in;
      line["threads"] = context.options().threads;
      line["p"] = problem->atom_count();
      line["d"] = problem->dim;
      line["n"] = rows;
      line[wanted.key] = wanted.value;
      line["set_up_s"] = set_up;
      try {
        line.update(run_device_case(one, on_device ? on_device->view(rows) : problem->embeddings_view(0, rows), context,
                                    *dictionary));
        fine = fine && line["certified_share"] == 1.0 && line["same_bits"] == true;
      } catch (const std::exception& error) {
        line["error"] = error.what();
        fine = false;
      }
      print(line);
    }
  }
  return fine;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  CLI::App app(
      "Times decompose on a device; one JSON line a case.\n"
      "Exit status: 0 every row certified and every call equal; 1 not so, or an error; 2 wrong arguments.",
      "bench_gpu");
  add_options(app, a);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const nlohmann::json build = describe_build();
  bool fine = true;
  for (const std::int64_t atoms : a.text15k ? std::vector<std::int64_t>{0} : a.atoms) {
    try {
      fine = run_dictionary(a, atoms, build) && fine;
    } catch (const std::exception& error) {
      nlohmann::json line = build;
      line["device"] = a.device;
      line["p"] = atoms;
      line["error"] = error.what();
      print(line);
      fine = false;
    }
  }
  return fine ? 0 : 1;
}

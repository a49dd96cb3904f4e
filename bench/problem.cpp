#include "problem.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>

#include "concepts/unit_rows.hpp"
#include "io/npy.hpp"
#include "synthetic.hpp"

namespace splice_cuda::bench {
namespace {

std::span<float> row_of(std::vector<float>& values, std::int64_t dim, std::int64_t row) {
  return std::span(values).subspan(static_cast<std::size_t>(row * dim), static_cast<std::size_t>(dim));
}

/// Mean of the rows after normalising each.
std::vector<float> mean_of_unit_rows(std::vector<float>& values, std::int64_t dim) {
  const std::int64_t rows = static_cast<std::int64_t>(values.size()) / dim;
  std::vector<double> sum(static_cast<std::size_t>(dim));
  std::vector<double> unit(sum.size());
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::span<float> row = row_of(values, dim, i);
    std::copy(row.begin(), row.end(), unit.begin());
    if (!normalize_row(unit)) continue;
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += unit[k];
  }
  std::vector<float> mean(sum.size());
  for (std::size_t k = 0; k < sum.size(); ++k)
    mean[k] = static_cast<float>(sum[k] / static_cast<double>(rows));
  return mean;
}

/// normalise -> subtract the mean -> normalise, each row.
void center_rows(std::vector<float>& values, std::int64_t dim, std::span<const float> mean) {
  std::vector<double> unit(static_cast<std::size_t>(dim));
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(values.size()) / dim; ++i) {
    const std::span<float> row = row_of(values, dim, i);
    std::copy(row.begin(), row.end(), unit.begin());
    prepare_row(unit, mean);
    std::transform(unit.begin(), unit.end(), row.begin(), [](double x) { return static_cast<float>(x); });
  }
}

/// Appends copies of the rows until there are `rows`, or drops the surplus.
void repeat_rows(std::vector<float>& values, std::int64_t dim, std::int64_t rows) {
  const std::size_t given = values.size();
  values.resize(static_cast<std::size_t>(rows * dim));
  for (std::size_t i = given; i < values.size(); ++i) values[i] = values[i - given];
}

}  // namespace

std::shared_ptr<const BenchProblem> load_text15k(std::int64_t rows) {
  const std::filesystem::path folder = std::filesystem::path(SPLICE_SHARED_DATA) / "text15k";
  if (!std::filesystem::exists(folder / "concepts15k.f16.npy")) return nullptr;

  // Atoms by number, not by ConceptSpace::build: the vocabulary's doubles belong to the problem here.
  io::FloatArray concepts = io::read_npy_float32(folder / "concepts15k.f16.npy");
  io::FloatArray queries = io::read_npy_float32(folder / "queries4096.f16.npy");
  const io::FloatArray query_mean = io::read_npy_float32(folder / "query_mean.npy");

  auto problem = std::make_shared<BenchProblem>();
  problem->name = "text15k";
  problem->dim = concepts.shape.at(1);
  center_rows(concepts.values, problem->dim, mean_of_unit_rows(concepts.values, problem->dim));
  center_rows(queries.values, problem->dim, query_mean.values);
  repeat_rows(queries.values, problem->dim, rows);
  problem->atoms = std::move(concepts.values);
  problem->embeddings = std::move(queries.values);
  return problem;
}

std::shared_ptr<const BenchProblem> default_problem(std::int64_t rows) {
  if (auto problem = load_text15k(rows)) return problem;
  return make_synthetic({.atoms = 15000, .dim = 384, .rows = rows});
}

}  // namespace splice_cuda::bench

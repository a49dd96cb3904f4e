#include "synthetic.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace splice_cuda::bench {
namespace {

constexpr std::int64_t family_size = 6;
constexpr float family_share = 0.4f;
constexpr int atoms_per_row = 8;
constexpr float explained_share = 0.2f;

void normalize(std::span<float> row) {
  double sum = 0;
  for (const float x : row) sum += static_cast<double>(x) * x;
  const float inverse = static_cast<float>(1 / std::sqrt(sum));
  for (float& x : row) x *= inverse;
}

std::span<float> row_of(std::vector<float>& values, std::int64_t dim, std::int64_t row) {
  return std::span(values).subspan(static_cast<std::size_t>(row * dim), static_cast<std::size_t>(dim));
}

}  // namespace

SyntheticAtoms::SyntheticAtoms(std::int64_t atoms, std::int64_t dim)
    : families_((atoms + family_size - 1) / family_size), deviations_(static_cast<std::size_t>(dim)), generator_(1) {
  for (std::size_t k = 0; k < deviations_.size(); ++k) deviations_[k] = 1 / std::sqrt(static_cast<float>(k) + 2);
  centers_.resize(static_cast<std::size_t>(families_ * dim));
  for (std::int64_t f = 0; f < families_; ++f) generator_.fill(row_of(centers_, dim, f), deviations_);
}

void SyntheticAtoms::next(std::span<float> atom) {
  const float own = std::sqrt(1 - family_share);
  const float shared = std::sqrt(family_share);
  generator_.fill(atom, deviations_);
  const auto dim = static_cast<std::int64_t>(atom.size());
  const std::span<const float> center = row_of(centers_, dim, generator_.below(families_));
  for (std::size_t k = 0; k < atom.size(); ++k) atom[k] = own * atom[k] + shared * center[k];
  normalize(atom);
}

std::vector<float> make_synthetic_rows(const SyntheticSize& size, const AtomReader& read) {
  std::vector<float> rows(static_cast<std::size_t>(size.rows * size.dim));
  std::vector<float> atom(static_cast<std::size_t>(size.dim));
  std::vector<float> explained(static_cast<std::size_t>(size.dim));
  const std::vector<float> isotropic(static_cast<std::size_t>(size.dim), 1.0f);
  const float from_atoms = std::sqrt(explained_share);
  const float own = std::sqrt(1 - explained_share);
  Generator generator(2);
  for (std::int64_t i = 0; i < size.rows; ++i) {
    const std::span<float> row = row_of(rows, size.dim, i);
    generator.fill(row, isotropic);
    normalize(row);
    std::fill(explained.begin(), explained.end(), 0.0f);
    for (int a = 0; a < atoms_per_row; ++a) {
      read(generator.below(size.atoms), atom);
      const float weight = std::exp(-static_cast<float>(a) / 4);
      for (std::size_t k = 0; k < row.size(); ++k) explained[k] += weight * atom[k];
    }
    normalize(explained);
    for (std::size_t k = 0; k < row.size(); ++k) row[k] = own * row[k] + from_atoms * explained[k];
    normalize(row);
  }
  return rows;
}

std::shared_ptr<const BenchProblem> make_synthetic(const SyntheticSize& size) {
  auto problem = std::make_shared<BenchProblem>();
  problem->name = "synthetic";
  problem->dim = size.dim;
  problem->atoms.resize(static_cast<std::size_t>(size.atoms * size.dim));
  SyntheticAtoms atoms(size.atoms, size.dim);
  for (std::int64_t j = 0; j < size.atoms; ++j) atoms.next(row_of(problem->atoms, size.dim, j));
  problem->embeddings = make_synthetic_rows(size, [&](std::int64_t j, std::span<float> out) {
    const std::span<const float> atom = row_of(problem->atoms, size.dim, j);
    std::copy(atom.begin(), atom.end(), out.begin());
  });
  return problem;
}

}  // namespace splice_cuda::bench

#include "splice_cuda/random_dictionary.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "concepts/unit_rows.hpp"
#include "core/validate.hpp"
#include "experiments/new_atoms.hpp"
#include "experiments/seeded_random.hpp"

namespace splice_cuda {
namespace {

constexpr std::int64_t atoms_at_once = 1024;

struct AtomMoments {
  std::vector<double> mean;        ///< [d]
  std::vector<double> covariance;  ///< [d, d], lower triangle
};

/// Calls `visit` with each atom as fp64.
template <class Visit>
void for_each_atom(const ConceptSpace& space, const Visit& visit) {
  const auto dim = static_cast<std::size_t>(space.dim());
  std::vector<float> block(static_cast<std::size_t>(std::min(atoms_at_once, space.size())) * dim);
  std::vector<double> atom(dim);
  for (std::int64_t first = 0; first < space.size(); first += atoms_at_once) {
    const MatrixView<float> part(block.data(), std::min(atoms_at_once, space.size() - first), space.dim());
    space.read_atoms(first, part);
    for (std::int64_t j = 0; j < part.rows; ++j) {
      std::copy_n(part.row(j), dim, atom.begin());
      visit(std::span<double>(atom));
    }
  }
}

AtomMoments moments_of(const ConceptSpace& space) {
  const auto dim = static_cast<std::size_t>(space.dim());
  AtomMoments m{std::vector<double>(dim, 0.0), std::vector<double>(dim * dim, 0.0)};
  const auto count = static_cast<double>(space.size());
  for_each_atom(space, [&](std::span<double> atom) {
    for (std::size_t k = 0; k < dim; ++k) m.mean[k] += atom[k] / count;
  });
  for_each_atom(space, [&](std::span<double> atom) {
    for (std::size_t k = 0; k < dim; ++k) atom[k] -= m.mean[k];
    for (std::size_t i = 0; i < dim; ++i) {
      for (std::size_t k = 0; k <= i; ++k) m.covariance[i * dim + k] += atom[i] * atom[k] / count;
    }
  });
  return m;
}

/// Cholesky factor in place of the lower triangle. A matrix without full rank has columns of zeros in it: fewer atoms than numbers.
void factorize(std::vector<double>& matrix, std::size_t dim) {
  double largest = 0;
  for (std::size_t i = 0; i < dim; ++i) largest = std::max(largest, matrix[i * dim + i]);
  for (std::size_t k = 0; k < dim; ++k) {
    const double pivot = matrix[k * dim + k] > 1e-12 * largest ? std::sqrt(matrix[k * dim + k]) : 0.0;
    for (std::size_t i = k; i < dim; ++i) matrix[i * dim + k] = pivot > 0 ? matrix[i * dim + k] / pivot : 0.0;
    for (std::size_t i = k + 1; i < dim; ++i) {
      const double factor = matrix[i * dim + k];
      if (factor == 0) continue;
      for (std::size_t c = k + 1; c <= i; ++c) matrix[i * dim + c] -= factor * matrix[c * dim + k];
    }
  }
}

/// Unit rows of what `draw` puts into a vector.
template <class Draw>
std::vector<float> unit_atoms(std::int64_t size, std::int64_t dim, const Draw& draw) {
  std::vector<float> atoms(static_cast<std::size_t>(size * dim));
  std::vector<double> atom(static_cast<std::size_t>(dim));
  for (auto place = atoms.begin(); place != atoms.end();) {
    draw(std::span<double>(atom));
    if (!normalize_row(atom)) continue;
    place = std::transform(atom.begin(), atom.end(), place, [](double value) { return static_cast<float>(value); });
  }
  return atoms;
}

}  // namespace

std::vector<float> random_atoms(std::int64_t size, std::int64_t dim, std::uint64_t seed) {
  check_new_atoms(size, dim);
  SeededRandom random(seed);
  return unit_atoms(size, dim, [&](std::span<double> atom) { std::generate(atom.begin(), atom.end(), [&] { return random.normal(); }); });
}

std::vector<float> random_atoms_like(const ConceptSpace& like, std::int64_t size, std::uint64_t seed) {
  check_new_atoms(size, like.dim());
  AtomMoments m = moments_of(like);
  const auto dim = m.mean.size();
  if (std::all_of(m.mean.begin(), m.mean.end(), [](double value) { return value == 0; }) &&
      std::all_of(m.covariance.begin(), m.covariance.end(), [](double value) { return value == 0; })) {
    fail_argument("like", "a dictionary of zeros", "atoms with a direction");
  }
  factorize(m.covariance, dim);
  SeededRandom random(seed);
  std::vector<double> normal(dim);
  return unit_atoms(size, like.dim(), [&](std::span<double> atom) {
    std::generate(normal.begin(), normal.end(), [&] { return random.normal(); });
    for (std::size_t i = 0; i < dim; ++i) {
      atom[i] = m.mean[i];
      for (std::size_t k = 0; k <= i; ++k) atom[i] += m.covariance[i * dim + k] * normal[k];
    }
  });
}

}  // namespace splice_cuda

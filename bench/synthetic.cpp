#include "synthetic.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

namespace splice_cuda::bench {
namespace {

constexpr std::int64_t family_size = 6;
constexpr float family_share = 0.4f;
constexpr int atoms_per_row = 8;
constexpr float explained_share = 0.2f;

/// SplitMix64 and Box-Muller: the same numbers with every standard library, unlike std::normal_distribution.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }

  /// Independent normal numbers of the given standard deviations.
  void fill(std::span<float> out, std::span<const float> deviations) {
    for (std::size_t k = 0; k < out.size(); k += 2) {
      const std::uint64_t bits = next();
      const float uniform = (static_cast<float>(bits >> 40) + 0.5f) * 0x1p-24f;
      const float angle = 2 * std::numbers::pi_v<float> * (static_cast<float>(bits & 0xFFFFFFu) * 0x1p-24f);
      const float radius = std::sqrt(-2 * std::log(uniform));
      out[k] = deviations[k] * radius * std::cos(angle);
      if (k + 1 < out.size()) out[k + 1] = deviations[k + 1] * radius * std::sin(angle);
    }
  }

 private:
  std::uint64_t state_;
};

void normalize(std::span<float> row) {
  double sum = 0;
  for (const float x : row) sum += static_cast<double>(x) * x;
  const float inverse = static_cast<float>(1 / std::sqrt(sum));
  for (float& x : row) x *= inverse;
}

std::span<float> row_of(std::vector<float>& values, std::int64_t dim, std::int64_t row) {
  return std::span(values).subspan(static_cast<std::size_t>(row * dim), static_cast<std::size_t>(dim));
}

void make_atoms(BenchProblem& problem, const SyntheticSize& size, std::span<const float> deviations) {
  const std::int64_t families = (size.atoms + family_size - 1) / family_size;
  std::vector<float> centers(static_cast<std::size_t>(families * size.dim));
  Generator generator(1);
  for (std::int64_t f = 0; f < families; ++f) generator.fill(row_of(centers, size.dim, f), deviations);

  problem.atoms.resize(static_cast<std::size_t>(size.atoms * size.dim));
  const float own = std::sqrt(1 - family_share);
  const float shared = std::sqrt(family_share);
  for (std::int64_t j = 0; j < size.atoms; ++j) {
    const std::span<float> atom = row_of(problem.atoms, size.dim, j);
    generator.fill(atom, deviations);
    const std::span<const float> center = row_of(centers, size.dim, generator.below(families));
    for (std::size_t k = 0; k < atom.size(); ++k) atom[k] = own * atom[k] + shared * center[k];
    normalize(atom);
  }
}

void make_embeddings(BenchProblem& problem, const SyntheticSize& size) {
  problem.embeddings.resize(static_cast<std::size_t>(size.rows * size.dim));
  std::vector<float> explained(static_cast<std::size_t>(size.dim));
  const std::vector<float> isotropic(static_cast<std::size_t>(size.dim), 1.0f);
  const float from_atoms = std::sqrt(explained_share);
  const float own = std::sqrt(1 - explained_share);
  Generator generator(2);
  for (std::int64_t i = 0; i < size.rows; ++i) {
    const std::span<float> row = row_of(problem.embeddings, size.dim, i);
    generator.fill(row, isotropic);
    normalize(row);
    std::fill(explained.begin(), explained.end(), 0.0f);
    for (int a = 0; a < atoms_per_row; ++a) {
      const std::span<const float> atom = row_of(problem.atoms, size.dim, generator.below(size.atoms));
      const float weight = std::exp(-static_cast<float>(a) / 4);
      for (std::size_t k = 0; k < row.size(); ++k) explained[k] += weight * atom[k];
    }
    normalize(explained);
    for (std::size_t k = 0; k < row.size(); ++k) row[k] = own * row[k] + from_atoms * explained[k];
    normalize(row);
  }
}

}  // namespace

std::shared_ptr<const BenchProblem> make_synthetic(const SyntheticSize& size) {
  auto problem = std::make_shared<BenchProblem>();
  problem->name = "synthetic";
  problem->dim = size.dim;
  std::vector<float> deviations(static_cast<std::size_t>(size.dim));
  for (std::size_t k = 0; k < deviations.size(); ++k) {
    deviations[k] = 1 / std::sqrt(static_cast<float>(k) + 2);
  }
  make_atoms(*problem, size, deviations);
  make_embeddings(*problem, size);
  return problem;
}

}  // namespace splice_cuda::bench

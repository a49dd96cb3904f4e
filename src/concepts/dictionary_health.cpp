#include "splice_cuda/dictionary_health.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include "concepts/unit_rows.hpp"
#include "core/call_monitor.hpp"
#include "core/equal_rows.hpp"
#include "core/parallel.hpp"
#include "core/validate.hpp"

namespace splice_cuda {
namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
constexpr std::int64_t block = 512;

RowMatrix unit_atoms(const ConceptSpace& space, std::int64_t& non_unit) {
  RowMatrix atoms(space.size(), space.dim());
  for (std::int64_t j = 0; j < space.size(); ++j) {
    const float* source = space.atoms().row(j);
    std::vector<double> row(source, source + space.dim());
    double square = 0;
    for (const double value : row) square += value * value;
    if (std::abs(std::sqrt(square) - 1) > 1e-4) ++non_unit;
    normalize_row(row);
    for (std::int64_t k = 0; k < space.dim(); ++k) atoms(j, k) = static_cast<float>(row[static_cast<std::size_t>(k)]);
  }
  return atoms;
}

double effective_rank(const RowMatrix& atoms) {
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(atoms.cols(), atoms.cols());
  for (std::int64_t first = 0; first < atoms.rows(); first += block) {
    const auto part = atoms.middleRows(first, std::min<std::int64_t>(block, atoms.rows() - first));
    gram += (part.transpose() * part).cast<double>();
  }
  const Eigen::VectorXd values = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(gram, Eigen::EigenvaluesOnly).eigenvalues();
  const double total = values.cwiseMax(0.0).sum();
  double entropy = 0;
  for (const double value : values) {
    const double share = std::max(0.0, value) / total;
    if (share > 0) entropy -= share * std::log(share);
  }
  return total > 0 ? std::exp(entropy) : 0;
}

bool nearer(const AtomPair& a, const AtomPair& b) {
  if (a.cosine != b.cosine) return a.cosine > b.cosine;
  return a.first != b.first ? a.first < b.first : a.second < b.second;
}

/// Cosines of one block of atoms with all later ones.
void scan_block(const RowMatrix& atoms, std::int64_t first, std::size_t pairs, std::vector<float>& nearest,
                std::vector<AtomPair>& best, std::mutex& mutex) {
  const std::int64_t rows = std::min(block, atoms.rows() - first);
  std::vector<AtomPair> found;
  std::vector<float> seen(static_cast<std::size_t>(atoms.rows()), -2.0f);
  for (std::int64_t other = first; other < atoms.rows(); other += block) {
    const std::int64_t columns = std::min(block, atoms.rows() - other);
    const RowMatrix cosines = atoms.middleRows(first, rows) * atoms.middleRows(other, columns).transpose();
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t k = 0; k < columns; ++k) {
        if (other + k <= first + i) continue;
        const float cosine = cosines(i, k);
        float& mine = seen[static_cast<std::size_t>(first + i)];
        float& theirs = seen[static_cast<std::size_t>(other + k)];
        mine = std::max(mine, cosine);
        theirs = std::max(theirs, cosine);
        const AtomPair pair{static_cast<std::int32_t>(first + i), static_cast<std::int32_t>(other + k), cosine};
        if (pairs == 0 || (found.size() == pairs && !nearer(pair, found.back()))) continue;
        if (found.size() == pairs) found.pop_back();
        found.insert(std::upper_bound(found.begin(), found.end(), pair, nearer), pair);
      }
    }
  }
  const std::lock_guard lock(mutex);
  for (std::size_t j = 0; j < seen.size(); ++j) nearest[j] = std::max(nearest[j], seen[j]);
  best.insert(best.end(), found.begin(), found.end());
}

}  // namespace

DictionaryHealth examine_dictionary(const Context& context, const ConceptSpace& space, std::int64_t pairs) {
  if (pairs < 0) fail_argument("pairs", std::to_string(pairs), "0 or more");
  DictionaryHealth health;
  const RowMatrix atoms = unit_atoms(space, health.non_unit_atoms);
  const auto first_equal = first_equal_rows(space.atoms());
  for (std::size_t j = 0; j < first_equal.size(); ++j) {
    if (first_equal[j] != static_cast<std::int32_t>(j)) ++health.equal_atoms;
  }
  health.effective_rank = effective_rank(atoms);
  if (space.size() < 2) return health;
  std::vector<float> nearest(static_cast<std::size_t>(space.size()), -2.0f);
  std::mutex mutex;
  const int workers = std::max(1, context.options().threads);
  CallMonitor monitor(context.options(), space.size());
  run_workers(workers, [&](int worker) {
    for (std::int64_t first = worker * block; first < space.size(); first += workers * block) {
      monitor.advance(std::min(block, space.size() - first));
      scan_block(atoms, first, static_cast<std::size_t>(pairs), nearest, health.nearest_pairs, mutex);
    }
  });
  std::sort(health.nearest_pairs.begin(), health.nearest_pairs.end(), nearer);
  health.nearest_pairs.resize(std::min(health.nearest_pairs.size(), static_cast<std::size_t>(pairs)));
  std::sort(nearest.begin(), nearest.end());
  for (std::size_t q = 0; q < health.nearest_cosine_quantiles.size(); ++q) {
    health.nearest_cosine_quantiles[q] = nearest[(nearest.size() - 1) * q / 4];
  }
  health.coherence = nearest.back();
  return health;
}

}  // namespace splice_cuda

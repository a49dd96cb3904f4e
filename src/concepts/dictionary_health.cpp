#include "splice_cuda/dictionary_health.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include "core/call_monitor.hpp"
#include "core/equal_rows.hpp"
#include "core/parallel.hpp"
#include "core/validate.hpp"

namespace splice_cuda {
namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
constexpr std::int64_t block = 512;

/// Unit atoms, made a block at a time out of the space: a copy of all would be larger than the dictionary.
class UnitAtoms {
 public:
  explicit UnitAtoms(const ConceptSpace& space) : space_(space), lengths_(static_cast<std::size_t>(space.size())) {
    std::vector<float> row(static_cast<std::size_t>(space.dim()));
    for (std::int64_t j = 0; j < space.size(); ++j) {
      space.read_atoms(j, {row.data(), 1, space.dim()});
      double square = 0;
      for (const float value : row) square += static_cast<double>(value) * static_cast<double>(value);
      const double length = std::sqrt(square);
      lengths_[static_cast<std::size_t>(j)] = length > 0 && std::isfinite(length) ? length : 1;
      if (std::abs(length - 1) > 1e-4 + rounding(space.atoms().dtype)) ++non_unit;
    }
  }
  std::int64_t size() const { return space_.size(); }

  /// Rows [first, first + count).
  void read(std::int64_t first, std::int64_t count, RowMatrix& out) const {
    out.resize(count, space_.dim());
    space_.read_atoms(first, {out.data(), count, space_.dim()});
    for (std::int64_t i = 0; i < count; ++i) {
      const double length = lengths_[static_cast<std::size_t>(first + i)];
      float* row = out.data() + i * space_.dim();
      for (std::int64_t k = 0; k < space_.dim(); ++k) row[k] = static_cast<float>(static_cast<double>(row[k]) / length);
    }
  }

  std::int64_t non_unit = 0;

 private:
  /// What rounding to the type may do to a unit vector's length.
  static double rounding(DType dtype) { return dtype == DType::float16 ? 0x1p-11 : dtype == DType::bfloat16 ? 0x1p-8 : 0; }

  const ConceptSpace& space_;
  std::vector<double> lengths_;
};

double effective_rank(const UnitAtoms& atoms, std::int64_t dim) {
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(dim, dim);
  RowMatrix part;
  for (std::int64_t first = 0; first < atoms.size(); first += block) {
    atoms.read(first, std::min(block, atoms.size() - first), part);
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
void scan_block(const UnitAtoms& atoms, std::int64_t first, std::size_t pairs, std::vector<float>& nearest,
                std::vector<AtomPair>& best, std::mutex& mutex) {
  const std::int64_t rows = std::min(block, atoms.size() - first);
  std::vector<AtomPair> found;
  std::vector<float> seen(static_cast<std::size_t>(atoms.size()), -2.0f);
  RowMatrix own;
  RowMatrix others;
  atoms.read(first, rows, own);
  for (std::int64_t other = first; other < atoms.size(); other += block) {
    const std::int64_t columns = std::min(block, atoms.size() - other);
    atoms.read(other, columns, others);
    const RowMatrix cosines = own * others.transpose();
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
  const UnitAtoms atoms(space);
  health.non_unit_atoms = atoms.non_unit;
  const auto first_equal = first_equal_rows(space.atoms());
  for (std::size_t j = 0; j < first_equal.size(); ++j) {
    if (first_equal[j] != static_cast<std::int32_t>(j)) ++health.equal_atoms;
  }
  health.effective_rank = effective_rank(atoms, space.dim());
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

#include "experiments/learning_batch.hpp"

#include "concepts/unit_rows.hpp"

namespace splice_cuda {
namespace {

template <class T>
void add_scaled(std::span<double> sum, double factor, const T* vector) {
  for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += factor * static_cast<double>(vector[k]);
}

}  // namespace

LearningBatch::LearningBatch(MatrixView<const float> rows, const SparseCodes& codes, MatrixView<const double> atoms)
    : rows_(rows.rows), dim_(rows.cols), residuals_(static_cast<std::size_t>(rows.rows * rows.cols)),
      atom_offsets_(static_cast<std::size_t>(codes.cols) + 1, 0), entry_rows_(static_cast<std::size_t>(codes.nnz())),
      entry_weights_(static_cast<std::size_t>(codes.nnz())), curvature_(static_cast<std::size_t>(codes.cols), 0.0) {
  for (const std::int32_t atom : codes.atom_indices) ++atom_offsets_[static_cast<std::size_t>(atom) + 1];
  for (std::size_t j = 1; j < atom_offsets_.size(); ++j) atom_offsets_[j] += atom_offsets_[j - 1];
  std::vector<std::int64_t> next(atom_offsets_.begin(), atom_offsets_.end() - 1);
  for (std::int64_t i = 0; i < rows_; ++i) {
    const std::span<double> r = residual(i);
    for (std::size_t k = 0; k < r.size(); ++k) r[k] = static_cast<double>(rows.row(i)[k]);
    const auto row_atoms = codes.row_atoms(i);
    for (std::size_t e = 0; e < row_atoms.size(); ++e) {
      const auto j = static_cast<std::size_t>(row_atoms[e]);
      const auto weight = static_cast<double>(codes.row_values(i)[e]);
      add_scaled(r, -weight, atoms.row(row_atoms[e]));
      const auto place = static_cast<std::size_t>(next[j]++);
      entry_rows_[place] = static_cast<std::int32_t>(i);
      entry_weights_[place] = weight;
      curvature_[j] += weight * weight;
    }
  }
}

void LearningBatch::update(MatrixView<double> atoms, MatrixView<const float> previous, std::span<const double> history) {
  std::vector<double> target(static_cast<std::size_t>(dim_));
  for (std::int64_t j = 0; j < atoms.rows; ++j) {
    const auto index = static_cast<std::size_t>(j);
    const auto first = static_cast<std::size_t>(atom_offsets_[index]);
    const auto last = static_cast<std::size_t>(atom_offsets_[index + 1]);
    if (first == last) continue;
    const std::span<double> atom(atoms.row(j), target.size());
    for (std::size_t k = 0; k < target.size(); ++k) {
      target[k] = curvature_[index] * atom[k] + history[index] * static_cast<double>(previous.row(j)[k]);
    }
    for (std::size_t e = first; e < last; ++e) add_scaled(std::span(target), entry_weights_[e], residual(entry_rows_[e]).data());
    if (!normalize_row(target)) continue;  // nothing points anywhere: the atom stays
    for (std::size_t k = 0; k < target.size(); ++k) {
      const double moved = target[k] - atom[k];
      atom[k] = target[k];
      target[k] = moved;
    }
    for (std::size_t e = first; e < last; ++e) add_scaled(residual(entry_rows_[e]), -entry_weights_[e], target.data());
  }
}

std::vector<double> LearningBatch::squared_residuals() const {
  std::vector<double> squares(static_cast<std::size_t>(rows_), 0.0);
  for (std::size_t i = 0; i < squares.size(); ++i) {
    for (std::int64_t k = 0; k < dim_; ++k) {
      const double value = residuals_[i * static_cast<std::size_t>(dim_) + static_cast<std::size_t>(k)];
      squares[i] += value * value;
    }
  }
  return squares;
}

}  // namespace splice_cuda

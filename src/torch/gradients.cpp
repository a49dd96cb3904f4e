#include "torch/gradients.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <span>

#include "core/parallel.hpp"
#include "torch/support_system.hpp"

namespace splice_cuda::op {
namespace {

double weight_of(const SolvedBatch& batch, std::int32_t atom) {
  return batch.atom_weights->empty() ? 1.0 : (*batch.atom_weights)[static_cast<std::size_t>(atom)];
}

/// body(item) for all items, in pieces that workers take in turn; make_body() is called once a worker.
template <class MakeBody>
void for_each_item(std::int64_t items, int threads, const MakeBody& make_body) {
  constexpr std::int64_t piece = 16;
  std::atomic<std::int64_t> next{0};
  const auto workers = static_cast<int>(std::clamp<std::int64_t>(items / piece, 1, threads));
  run_workers(workers, [&](int) {
    auto body = make_body();
    for (std::int64_t first = next.fetch_add(piece); first < items; first = next.fetch_add(piece)) {
      for (std::int64_t i = first; i < std::min(first + piece, items); ++i) body(i);
    }
  });
}

/// The vectors that the dictionary's gradient is made of.
template <class Real>
struct RowVectors {
  std::vector<Real> residuals;  ///< [n, d] z - C'w
  std::vector<Real> moves;      ///< [n, d] C'h
  std::vector<double> h;        ///< [nnz]
};

/// Row by row: h, and what follows from it. Fills `vectors` where the dictionary's gradient is wanted.
template <class Real>
void differentiate_rows(const SolvedBatch& batch, const std::vector<double>& upstream,
                        const BatchGradients& gradients, RowVectors<Real>& vectors) {
  const CodeEntries& codes = *batch.codes;
  const std::int64_t dim = batch.dictionary.cols;
  const bool keep = gradients.dictionary.data != nullptr;
  for_each_item(codes.rows(), batch.threads, [&] {
    return [&, system = SupportSystem(), move = Eigen::VectorXd(),
            residual = Eigen::VectorXd()](std::int64_t row) mutable {
      const auto atoms = codes.of_row(std::span(codes.atoms), row);
      double penalty = 0;
      move.setZero(dim);
      if (!atoms.empty()) {
        const auto count = static_cast<Eigen::Index>(atoms.size());
        system.load(batch.dictionary, atoms);
        const Eigen::VectorXd h = system.solve(
            Eigen::Map<const Eigen::VectorXd>(codes.of_row(std::span(upstream), row).data(), count));
        move.noalias() = system.atoms().transpose() * h;
        const Eigen::Map<const Eigen::VectorXd> w(codes.of_row(std::span(codes.values), row).data(), count);
        if (!batch.refit) {
          for (Eigen::Index i = 0; i < count; ++i) {
            penalty -=
                0.5 * weight_of(batch, atoms[static_cast<std::size_t>(i)]) * std::copysign(1.0, w[i]) * h[i];
          }
        }
        if (keep) {
          residual.resize(dim);
          read_row(batch.embeddings, row, residual.data());
          residual.noalias() -= system.atoms().transpose() * w;
          std::copy_n(residual.data(), dim, vectors.residuals.begin() + row * dim);
          std::copy_n(move.data(), dim, vectors.moves.begin() + row * dim);
          std::copy_n(h.data(), count, codes.of_row(std::span(vectors.h), row).begin());
        }
      }
      if (gradients.embeddings.data != nullptr) write_row(gradients.embeddings, row, move.data());
      if (gradients.penalties != nullptr) gradients.penalties[row] = penalty;
    };
  });
}

/// Atom by atom, rows ascending.
template <class Real>
void sum_by_atom(const SolvedBatch& batch, const RowVectors<Real>& vectors,
                 const MutableElementMatrix& gradient) {
  const std::int64_t dim = batch.dictionary.cols;
  const EntriesByAtom sorted = sort_by_atom(*batch.codes, batch.dictionary.rows);
  for_each_item(static_cast<std::int64_t>(sorted.used_atoms.size()), batch.threads, [&] {
    return [&, sum = std::vector<Real>(static_cast<std::size_t>(dim))](std::int64_t item) mutable {
      std::fill(sum.begin(), sum.end(), Real{0});
      const auto used = static_cast<std::size_t>(item);
      for (std::int64_t i = sorted.offsets[used]; i < sorted.offsets[used + 1]; ++i) {
        const auto entry = static_cast<std::size_t>(sorted.entries[static_cast<std::size_t>(i)]);
        const std::int64_t row = sorted.rows[static_cast<std::size_t>(i)];
        const auto h = static_cast<Real>(vectors.h[entry]);
        const auto w = static_cast<Real>(batch.codes->values[entry]);
        const Real* residual = vectors.residuals.data() + row * dim;
        const Real* move = vectors.moves.data() + row * dim;
        for (std::int64_t k = 0; k < dim; ++k)
          sum[static_cast<std::size_t>(k)] += h * residual[k] - w * move[k];
      }
      write_row(gradient, sorted.used_atoms[used], sum.data());
    };
  });
}

template <class Real>
void differentiate(const SolvedBatch& batch, const std::vector<double>& upstream,
                   const BatchGradients& gradients) {
  RowVectors<Real> vectors;
  if (gradients.dictionary.data != nullptr) {
    const auto size = static_cast<std::size_t>(batch.codes->rows() * batch.dictionary.cols);
    vectors.residuals.resize(size);
    vectors.moves.resize(size);
    vectors.h.resize(upstream.size());
  }
  differentiate_rows(batch, upstream, gradients, vectors);
  if (gradients.dictionary.data != nullptr) sum_by_atom(batch, vectors, gradients.dictionary);
}

bool in_double(const ElementMatrix& a, const ElementMatrix& b) {
  return a.type == Element::float64 || b.type == Element::float64;
}

}  // namespace

void differentiate_codes(const SolvedBatch& batch, const std::vector<double>& upstream,
                         const BatchGradients& gradients) {
  if (in_double(batch.embeddings, batch.dictionary)) return differentiate<double>(batch, upstream, gradients);
  differentiate<float>(batch, upstream, gradients);
}

std::vector<double> refined_values(const SolvedBatch& batch, const std::vector<double>& penalties) {
  const CodeEntries& codes = *batch.codes;
  std::vector<double> refined(codes.values.size(), 0.0);
  for_each_item(codes.rows(), batch.threads, [&] {
    return
        [&, system = SupportSystem(), z = Eigen::VectorXd(batch.dictionary.cols)](std::int64_t row) mutable {
          const auto given = codes.of_row(std::span(codes.values), row);
          const auto all_atoms = codes.of_row(std::span(codes.atoms), row);
          const auto out = codes.of_row(std::span(refined), row);
          std::vector<std::size_t> kept(given.size());
          for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = i;
          read_row(batch.embeddings, row, z.data());
          const double lambda = batch.refit ? 0.0 : penalties[static_cast<std::size_t>(row)] / 2;
          while (!kept.empty()) {
            std::vector<std::int32_t> atoms;
            for (const std::size_t i : kept) atoms.push_back(all_atoms[i]);
            system.load(batch.dictionary, atoms);
            Eigen::VectorXd right = system.atoms() * z;
            for (std::size_t i = 0; i < kept.size(); ++i) {
              right[static_cast<Eigen::Index>(i)] -=
                  lambda * weight_of(batch, atoms[i]) * std::copysign(1.0, given[kept[i]]);
            }
            const Eigen::VectorXd w = system.solve(right);
            // A least-squares weight may have either sign where the problem is signed; any other has its own.
            std::vector<std::size_t> right_sign;
            for (std::size_t i = 0; i < kept.size(); ++i) {
              const double value = w[static_cast<Eigen::Index>(i)];
              out[kept[i]] = value;
              if (std::signbit(value) == std::signbit(given[kept[i]])) right_sign.push_back(kept[i]);
            }
            if ((batch.refit && !batch.nonnegative) || right_sign.size() == kept.size()) break;
            for (const std::size_t i : kept) out[i] = 0;
            kept = std::move(right_sign);
          }
        };
  });
  return refined;
}

void recompose_rows(const CodeEntries& codes, const ElementMatrix& dictionary, int threads,
                    const MutableElementMatrix& out) {
  const auto dim = static_cast<std::size_t>(dictionary.cols);
  for_each_item(codes.rows(), threads, [&] {
    return [&, atom = std::vector<double>(dim), sum = std::vector<double>(dim)](std::int64_t row) mutable {
      std::fill(sum.begin(), sum.end(), 0.0);
      const auto atoms = codes.of_row(std::span(codes.atoms), row);
      const auto values = codes.of_row(std::span(codes.values), row);
      for (std::size_t i = 0; i < atoms.size(); ++i) {
        read_row(dictionary, atoms[i], atom.data());
        for (std::size_t k = 0; k < dim; ++k) sum[k] += values[i] * atom[k];
      }
      write_row(out, row, sum.data());
    };
  });
}

void differentiate_recomposition(const CodeEntries& codes, const ElementMatrix& dictionary,
                                 const ElementMatrix& upstream, int threads, double* values,
                                 const MutableElementMatrix& grad_dictionary) {
  const auto dim = static_cast<std::size_t>(dictionary.cols);
  const EntriesByAtom sorted = sort_by_atom(codes, dictionary.rows);
  for_each_item(static_cast<std::int64_t>(sorted.used_atoms.size()), threads, [&] {
    return [&, atom = std::vector<double>(dim), row = std::vector<double>(dim),
            sum = std::vector<double>(dim)](std::int64_t item) mutable {
      std::fill(sum.begin(), sum.end(), 0.0);
      const auto used = static_cast<std::size_t>(item);
      read_row(dictionary, sorted.used_atoms[used], atom.data());
      for (std::int64_t i = sorted.offsets[used]; i < sorted.offsets[used + 1]; ++i) {
        const auto entry = static_cast<std::size_t>(sorted.entries[static_cast<std::size_t>(i)]);
        read_row(upstream, sorted.rows[static_cast<std::size_t>(i)], row.data());
        double product = 0;
        for (std::size_t k = 0; k < dim; ++k) {
          product += row[k] * atom[k];
          sum[k] += codes.values[entry] * row[k];
        }
        if (values != nullptr) values[entry] = product;
      }
      if (grad_dictionary.data != nullptr) write_row(grad_dictionary, sorted.used_atoms[used], sum.data());
    };
  });
}

}  // namespace splice_cuda::op

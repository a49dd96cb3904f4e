#pragma once

/// @file gradients.hpp
/// Derivatives of codes and of recompositions, on the CPU. Deterministic: no sum depends on the number of
/// threads.

#include <vector>

#include "torch/code_entries.hpp"
#include "torch/element_matrix.hpp"

namespace splice_cuda::op {

/// A solved batch. With h = M^-1 g, g the upstream gradient on a row's support:
///   d z = C_S' h;   d l1_penalty = -(a_S s).h / 2;   d C_S = h (z - C_S'w)' - w (C_S'h)'
/// (the implicit function theorem on C_S (z - C_S'w) = lambda a_S s; off the support nothing moves).
struct SolvedBatch {
  ElementMatrix embeddings;  ///< z [n, d]
  ElementMatrix dictionary;  ///< C [p, d]
  const CodeEntries* codes = nullptr;
  const std::vector<double>* atom_weights = nullptr;  ///< a [p], or empty for all 1
  bool refit = false;  ///< least squares on the support: no penalty in the equation
  bool nonnegative = false;  ///< for refined_values: no weight may turn negative, refit or not
  int threads = 1;
};

/// What is wanted, where it goes; null data where it is not wanted.
struct BatchGradients {
  MutableElementMatrix embeddings;  ///< [n, d], written
  MutableElementMatrix dictionary;  ///< [p, d], zeros; rows of used atoms are written
  double* penalties = nullptr;      ///< [n], written
};

/// @param upstream  [nnz] gradient of the values
void differentiate_codes(const SolvedBatch& batch, const std::vector<double>& upstream,
                         const BatchGradients& gradients);

/// The values of the codes' supports and signs, solved anew in fp64 from the elements as they are. An atom
/// whose weight turns against its sign gets the weight 0, and the others are solved without it; but not in a
/// signed refit, which may have any sign.
/// @param penalties  [n] l1_penalty of each row
std::vector<double> refined_values(const SolvedBatch& batch, const std::vector<double>& penalties);

/// out = W C.
void recompose_rows(const CodeEntries& codes, const ElementMatrix& dictionary, int threads,
                    const MutableElementMatrix& out);

/// @param upstream         [n, d]
/// @param values           [nnz], written where not null: upstream_i . c_j
/// @param grad_dictionary  [p, d], zeros; W' upstream, where wanted
void differentiate_recomposition(const CodeEntries& codes, const ElementMatrix& dictionary,
                                 const ElementMatrix& upstream, int threads, double* values,
                                 const MutableElementMatrix& grad_dictionary);

}  // namespace splice_cuda::op

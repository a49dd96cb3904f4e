#pragma once

/// @file learn_dictionary.hpp
/// Dictionaries learned from the embeddings themselves: what no words are behind, to compare named concepts with.

#include <cstdint>
#include <functional>
#include <vector>

#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda {

/// One walk over all rows.
struct LearnEpoch {
  std::int64_t rows = 0;     ///< that have a direction
  double objective = 0;      ///< mean of |z - C'w|^2 + l1_penalty * sum(w), each row with the atoms of its moment
  double mean_l0 = 0;
  std::int64_t unused = 0;   ///< atoms that no row of the epoch used
  std::int64_t replaced = 0; ///< atoms that nobody used and that became badly explained rows
};

struct LearnOptions {
  std::int64_t size = 1000;        ///< atoms, >= 1
  float l1_penalty = 0.25f;        ///< as in DecomposeOptions; > 0
  std::int64_t epochs = 5;         ///< >= 1
  /// Rows decomposed with the same atoms; 0: a 32nd of them, but 32 to 1,024.
  std::int64_t batch_size = 0;
  std::uint64_t seed = 0;
  /// Atoms to start from, [size, dim], each with a direction; without them, rows of the data taken at even distances.
  MatrixView<const float> start = {};
  /// Times that the atoms of a batch are updated with its codes held fixed; >= 1.
  std::int32_t sweeps = 2;
  /// Rows after which what an atom was used for is forgotten to 1/e; 0: those of an epoch.
  std::int64_t memory_rows = 0;
  SolveOptions solve = {};
  /// Told after each epoch, on the caller's thread.
  std::function<void(const LearnEpoch&)> report = {};
};

struct LearnedDictionary {
  std::vector<float> atoms;        ///< [size, dim], each of length 1
  std::vector<std::int64_t> uses;  ///< [size] rows of the last epoch that used the atom
  std::vector<LearnEpoch> epochs;
  std::int64_t zero_rows = 0;       ///< left out of each epoch
  std::int64_t non_finite_rows = 0; ///< left out of each epoch
};

/// Online dictionary learning (Mairal, Bach, Ponce & Sapiro 2010, "Online Learning for Matrix Factorization and Sparse Coding", JMLR
/// 11) with non-negative codes:  min over atoms of length 1 of  mean over rows of  min over w >= 0 of  |z - C'w|^2 + l1_penalty * sum(w).
///
/// Rows come in mini-batches, in an order shuffled by the seed, and are decomposed by `decompose` on the atoms of the moment. Then each
/// atom in turn takes the minimiser over the unit sphere of the batch's loss with all else fixed (their algorithm 2), plus
/// 1/2 h_j |c_j - previous c_j|^2. Their statistics are A = sum of w w' and B = sum of z w'; here the batch enters by its residuals, which
/// is exact for it and costs (entries of the codes) x dim, and its past by the diagonal of A alone, h_j, which fades with memory_rows:
/// the past is taken to be at rest at the present atoms. A whole A takes 400 MB at 10,000 atoms, and l0 times the work.
///
/// An atom that no row has used for as many rows as an epoch has (or 4 x size, if that is less) becomes the direction of the
/// row that the batch's atoms explain worst; not in the last of several epochs.
///
/// @param rows   gives prepared rows: centred, of length 1, as by ConceptSpace::prepare. Asked for pieces in any order.
/// @param count  rows there are
/// Promises: the same atoms, bit by bit, from the same rows, options and seed, whatever the thread count (on one kind of processor).
/// Memory: 12 x size x dim bytes beside the dictionary, and a batch with its residuals in fp64; of what grows with count only 8 bytes for
/// each piece of 64 rows.
/// @throws ArgumentError (fewer rows than atoms and no start; a start without a direction), CancelledError, what `rows` throws
LearnedDictionary learn_dictionary(const Context& context, const RowReader& rows, std::int64_t count, std::int64_t dim,
                                   const LearnOptions& options);

/// Mean over the rows with a direction of  min over w >= 0 of  |z - C'w|^2 + l1_penalty * sum(w), to within the certificates; NaN where
/// there is no such row. = 2 x scikit-learn's objective of dictionary learning with alpha = l1_penalty / 2, over the number of rows.
/// @param rows, count  as of learn_dictionary
double dictionary_objective(const Context& context, const Dictionary& dictionary, const RowReader& rows, std::int64_t count, float l1_penalty,
                            const SolveOptions& solve = {});

}  // namespace splice_cuda

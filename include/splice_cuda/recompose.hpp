#pragma once

/// @file recompose.hpp
/// Codes back to embeddings.

#include "splice_cuda/codes.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// reconstruction = W C: the plain linear map, row i is sum_j w_ij c_j. Normalising and adding the image
/// mean back is ConceptSpace::recompose's task.
/// @param codes           [n, p]; offsets and indices are checked.
/// @param reconstruction  [n, d], written.
/// @throws ArgumentError for shapes that do not fit or malformed codes.
void recompose(const Context& context, const Dictionary& dictionary, const SparseCodes& codes,
               MatrixView<float> reconstruction);

}  // namespace splice_cuda

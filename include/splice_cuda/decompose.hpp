#pragma once

/// @file decompose.hpp
/// Embeddings to sparse codes, with proof; and the proof alone.

#include <span>
#include <vector>

#include "splice_cuda/codes.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda {

/// Solves one non-negative LASSO problem a row of `embeddings`, on the shared dictionary.
///
///   Context context{Device::cpu()};
///   Dictionary dictionary{context, MatrixView<const float>{atoms, p, d}};
///   DecomposeResult result =
///       decompose(context, dictionary, MatrixView<const float>{z, n, d}, {.l1_penalty = 0.25f});
///   // result.codes: CSR [n, p];  result.reports[i].gap, .status
///
/// @param embeddings  [n, d], float32, float16 or bfloat16, used exactly as given; n may be 0.
/// Promises: bitwise equal results from run to run and whatever the batch, its order, the tile size, the
/// memory limit and the thread count (on one kind of processor); no exception for a row that does not
/// converge or is not finite.
/// @throws ArgumentError (names the argument), OutOfMemoryError, CancelledError, DeviceError.
DecomposeResult decompose(const Context& context, const Dictionary& dictionary,
                          EmbeddingsView embeddings, const DecomposeOptions& options = {});

/// The same at several penalties, from the largest to the smallest. Each row goes from one to the next with what it has:
/// its screened candidates, its working set, the solution moved along its piecewise linear path (Osborne, Presnell &
/// Turlach 2000). Cheaper than as many calls of decompose, whose results these are within their certificates: each row is
/// certified at each penalty over all atoms. (The other solvers start each penalty from the codes of the one before.)
///
/// @param l1_penalties  strictly descending, each > 0 and finite; at least one.
/// @param options       no target and no l1_penalties; l1_penalty and warm_start are not looked at.
/// @returns one result a penalty, in their order. Promises and exceptions as of decompose; a row's result also depends on
/// the penalties before.
std::vector<DecomposeResult> decompose_path(const Context& context, const Dictionary& dictionary,
                                            EmbeddingsView embeddings, std::span<const float> l1_penalties,
                                            const DecomposeOptions& options = {});

/// Recomputes the certificate of each row by brute force in fp64: every atom, no screening, no code
/// shared with the solvers. `codes` [n, p] may come from anywhere. Of `options`, the problem (penalties,
/// weights, bans, nonnegative) and solve.gap_tolerance are used. rounds and iterations are 0. Codes of a target are
/// certified with l1_penalties = the penalties of their reports; a target without them is an ArgumentError.
/// A code with a negative weight while nonnegative is true, or a non-zero weight on a banned atom, has
/// gap = +infinity.
std::vector<RowReport> certify(const Context& context, const Dictionary& dictionary,
                               EmbeddingsView embeddings, const SparseCodes& codes,
                               const DecomposeOptions& options = {});

}  // namespace splice_cuda

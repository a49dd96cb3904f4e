#pragma once

/// @file problem.hpp
/// A call's problem, validated and resolved: what the stages read.

#include <cstdint>
#include <span>
#include <vector>

#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda {

/// What a row's path is followed to, if anything: one of the two.
struct PathTarget {
  std::int32_t l0 = 0;  ///< most atoms; 0: not asked for
  double cosine = 0;    ///< of C'w and z; 0: not asked for
  bool given() const { return l0 > 0 || cosine > 0; }
};

/// The problem of one `decompose` call in the half form (design.md, section 1). The API's l1_penalty is
/// halved here and nowhere else.
struct Problem {
  const DictionaryData* dictionary = nullptr;
  EmbeddingsView embeddings;                 ///< [n, d]
  float l1_penalty = 0;
  std::span<const float> l1_penalties;       ///< [n] or empty
  /// 1 / a_j of each atom, 0 where banned. What certificates are made with: in float32 the reciprocal would be that
  /// of another weight, and the certificate one of another problem.
  std::vector<double> inverse_weights;       ///< [p]
  /// The same in float32, and 0 for every atom but the chosen one among bitwise equal atoms: what solvers use. The
  /// constraints of the others are implied by the chosen one's.
  std::vector<float> solver_inverse_weights; ///< [p]
  bool nonnegative = true;
  bool refit = false;
  const SparseCodes* warm_start = nullptr;   ///< [n, p] or null
  SolveOptions solve;

  PathTarget target;                         ///< if given, each row finds its own penalty
  std::span<const float> path;               ///< if not empty: every row is solved at these, one after the other

  /// Problems that each row is solved for.
  std::int32_t steps() const { return path.empty() ? 1 : static_cast<std::int32_t>(path.size()); }
  /// On the API's scale. Without meaning where a target is given.
  double penalty(std::int64_t row, std::int32_t step = 0) const {
    if (!path.empty()) return static_cast<double>(path[static_cast<std::size_t>(step)]);
    return static_cast<double>(l1_penalties.empty() ? l1_penalty : l1_penalties[static_cast<std::size_t>(row)]);
  }
  double lambda(std::int64_t row, std::int32_t step = 0) const { return 0.5 * penalty(row, step); }
};

/// Checks every argument of a call and resolves it.
/// @throws ArgumentError naming the argument, what was given and what is expected.
Problem resolve_problem(const Context& context, const Dictionary& dictionary,
                        EmbeddingsView embeddings, const DecomposeOptions& options);

/// The same for a path of penalties, which are checked too and have to outlive the problem.
Problem resolve_path_problem(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                             std::span<const float> l1_penalties, const DecomposeOptions& options);

/// The same for codes that exist: the penalties are those given, and a target without them is an error.
Problem resolve_problem_of_codes(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                                 const DecomposeOptions& options);

}  // namespace splice_cuda

#include "core/problem.hpp"

#include <cmath>
#include <string>

#include "backend/backend.hpp"
#include "core/validate.hpp"
#include "splice_cuda/codes.hpp"
#include "splice_cuda/context.hpp"

namespace splice_cuda {
namespace {

bool is_positive(float value) { return value > 0 && std::isfinite(value); }

void check_targets(const DecomposeOptions& options) {
  if (options.target_l0 < 0) fail_argument("target_l0", std::to_string(options.target_l0), "0 (no target) or more");
  const float cosine = options.target_cosine;
  if (!(cosine >= 0) || !(cosine < 1)) {
    fail_argument("target_cosine", number_text(static_cast<double>(cosine)), "0 (no target) or a number in (0, 1)");
  }
  if (options.target_l0 == 0 && cosine == 0) return;
  const std::string name = options.target_l0 > 0 ? "target_l0" : "target_cosine";
  if (options.target_l0 > 0 && cosine > 0) {
    fail_argument("target_l0", std::to_string(options.target_l0) + " together with target_cosine", "one target");
  }
  if (options.solve.solver != SolverKind::working_set) {
    fail_argument(name, "a target with another solver", "solve.solver = working_set, which alone follows paths");
  }
}

void check_path(std::span<const float> penalties) {
  if (penalties.empty()) fail_argument("l1_penalties", "0 entries", "at least one penalty");
  for (std::size_t i = 0; i < penalties.size(); ++i) {
    const std::string name = "l1_penalties[" + std::to_string(i) + "]";
    const std::string given = number_text(static_cast<double>(penalties[i]));
    if (!is_positive(penalties[i])) fail_argument(name, given, "a finite number > 0");
    if (i > 0 && !(penalties[i] < penalties[i - 1])) {
      fail_argument(name, given + " after " + number_text(static_cast<double>(penalties[i - 1])), "descending penalties");
    }
  }
}

void check_penalties(const DecomposeOptions& options, std::int64_t rows) {
  if (options.l1_penalties.empty()) {
    if (!is_positive(options.l1_penalty)) {
      fail_argument("l1_penalty", number_text(static_cast<double>(options.l1_penalty)), "a finite number > 0");
    }
    return;
  }
  const auto count = static_cast<std::int64_t>(options.l1_penalties.size());
  if (count != rows) {
    fail_argument("l1_penalties", std::to_string(count) + " entries",
                  "one a row of embeddings, " + std::to_string(rows));
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const float penalty = options.l1_penalties[static_cast<std::size_t>(i)];
    if (!is_positive(penalty)) {
      fail_argument("l1_penalties[" + std::to_string(i) + "]", number_text(static_cast<double>(penalty)),
                    "a finite number > 0");
    }
  }
}

std::vector<double> inverse_weights(const DecomposeOptions& options, std::int64_t atoms) {
  std::vector<double> inverse(static_cast<std::size_t>(atoms), 1.0);
  const auto count = static_cast<std::int64_t>(options.atom_weights.size());
  if (count != 0 && count != atoms) {
    fail_argument("atom_weights", std::to_string(count) + " entries",
                  "one an atom, " + std::to_string(atoms));
  }
  for (std::size_t j = 0; j < options.atom_weights.size(); ++j) {
    const float weight = options.atom_weights[j];
    if (!(weight > 0)) {
      fail_argument("atom_weights[" + std::to_string(j) + "]", number_text(static_cast<double>(weight)),
                    "a number > 0 (+infinity bans the atom)");
    }
    inverse[j] = 1.0 / static_cast<double>(weight);
    if (!std::isfinite(static_cast<float>(inverse[j]))) {
      fail_argument("atom_weights[" + std::to_string(j) + "]",
                    number_text(static_cast<double>(weight)) + ", a subnormal number",
                    "a weight whose inverse is finite");
    }
  }
  for (std::size_t i = 0; i < options.banned_atoms.size(); ++i) {
    const std::int32_t atom = options.banned_atoms[i];
    if (atom < 0 || atom >= atoms) {
      fail_argument("banned_atoms[" + std::to_string(i) + "]", std::to_string(atom),
                    "an atom's index, 0 to " + std::to_string(atoms - 1));
    }
    inverse[static_cast<std::size_t>(atom)] = 0;
  }
  return inverse;
}

/// Among bitwise equal atoms only the one with the smallest weight (largest inverse) may be used, and among
/// those the lowest index.
std::vector<float> without_duplicates(const std::vector<double>& inverse,
                                      const std::vector<std::int32_t>& first_equal) {
  std::vector<float> used;
  used.reserve(inverse.size());
  for (const double value : inverse) used.push_back(static_cast<float>(value));
  std::vector<std::int32_t> chosen(first_equal.begin(), first_equal.end());  // by first equal atom
  for (std::size_t j = 0; j < first_equal.size(); ++j) {
    const auto first = static_cast<std::size_t>(first_equal[j]);
    if (first == j) continue;
    const auto best = static_cast<std::size_t>(chosen[first]);
    const bool better = inverse[j] > inverse[best];
    used[better ? best : j] = 0.0f;
    if (better) chosen[first] = static_cast<std::int32_t>(j);
  }
  return used;
}

}  // namespace

namespace {

bool wants_target(const DecomposeOptions& options) { return options.target_l0 > 0 || options.target_cosine > 0; }

/// @param penalties_given  false where each row finds its own
Problem resolve(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                const DecomposeOptions& options, bool penalties_given) {
  check_matrix("embeddings", embeddings.data, embeddings.rows, embeddings.cols, embeddings.ld);
  if (embeddings.cols != dictionary.dim()) {
    fail_argument("embeddings", std::to_string(embeddings.cols) + " columns",
                  "the dictionary's dimension, " + std::to_string(dictionary.dim()));
  }
  check_placed("embeddings", embeddings, context);
  check_same_device("dictionary", dictionary.device(), context.device());
  if (penalties_given) check_penalties(options, embeddings.rows);
  check_solve_options(options.solve);
  check_targets(options);
  Problem problem;
  problem.dictionary = &dictionary.data();
  problem.embeddings = embeddings;
  problem.l1_penalty = options.l1_penalty;
  problem.l1_penalties = options.l1_penalties;
  problem.inverse_weights = inverse_weights(options, dictionary.size());
  problem.solver_inverse_weights =
      without_duplicates(problem.inverse_weights, dictionary.data().first_equal);
  problem.nonnegative = options.nonnegative;
  problem.refit = options.refit;
  problem.solve = options.solve;
  return problem;
}

}  // namespace

Problem resolve_problem(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                        const DecomposeOptions& options) {
  if (wants_target(options) && !options.l1_penalties.empty()) {
    fail_argument("l1_penalties", std::to_string(options.l1_penalties.size()) + " entries together with a target",
                  "none: a target finds each row's penalty");
  }
  Problem problem = resolve(context, dictionary, embeddings, options, !wants_target(options));
  problem.target = {options.target_l0, static_cast<double>(options.target_cosine)};
  if (options.warm_start != nullptr) check_codes("warm_start", *options.warm_start, embeddings.rows, dictionary.size());
  if (!problem.target.given()) problem.warm_start = options.warm_start;
  return problem;
}

Problem resolve_path_problem(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                             std::span<const float> l1_penalties, const DecomposeOptions& options) {
  check_path(l1_penalties);
  if (!options.l1_penalties.empty()) {
    fail_argument("options.l1_penalties", std::to_string(options.l1_penalties.size()) + " entries together with a path",
                  "none: every row is solved at the path's penalties");
  }
  if (wants_target(options)) fail_argument("options", "a target together with a path", "one of them");
  Problem problem = resolve(context, dictionary, embeddings, options, false);
  problem.path = l1_penalties;
  return problem;
}

Problem resolve_problem_of_codes(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                                 const DecomposeOptions& options) {
  if (wants_target(options) && options.l1_penalties.empty()) {
    fail_argument("l1_penalties", "none together with a target", "the penalty of each row's report");
  }
  return resolve(context, dictionary, embeddings, options, true);
}

}  // namespace splice_cuda

#include "splice_cuda/learn_dictionary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <string>

#include "concepts/unit_rows.hpp"
#include "core/validate.hpp"
#include "experiments/learning_batch.hpp"
#include "experiments/new_atoms.hpp"
#include "experiments/row_direction.hpp"
#include "experiments/row_order.hpp"
#include "splice_cuda/decompose.hpp"

namespace splice_cuda {
namespace {

/// Rows nearer than this to one that became an atom would make a second one of the same.
constexpr double near_cosine = 0.9;

void check_options(std::int64_t count, std::int64_t dim, const LearnOptions& o) {
  const auto check_least = [](std::string_view name, std::int64_t value, std::int64_t least) {
    if (value < least) fail_argument(name, std::to_string(value), "at least " + std::to_string(least));
  };
  check_least("dim", dim, 1);
  check_least("count", count, 1);
  check_least("size", o.size, 1);
  check_least("epochs", o.epochs, 1);
  check_least("batch_size", o.batch_size, 0);
  check_least("sweeps", o.sweeps, 1);
  check_least("memory_rows", o.memory_rows, 0);
  check_new_atoms(o.size, dim);
  if (!(o.l1_penalty > 0) || !std::isfinite(o.l1_penalty)) fail_argument("l1_penalty", number_text(static_cast<double>(o.l1_penalty)), "a finite number > 0");
  if (o.start.data != nullptr) {
    check_matrix("start", o.start.data, o.start.rows, o.start.cols, o.start.ld);
    if (o.start.rows != o.size || o.start.cols != dim) {
      fail_argument("start", std::to_string(o.start.rows) + " atoms of " + std::to_string(o.start.cols) + " numbers",
                    std::to_string(o.size) + " of " + std::to_string(dim));
    }
  } else if (count < o.size) {
    fail_argument("size", std::to_string(o.size) + " atoms", "at most the " + std::to_string(count) + " rows there are, or a start");
  }
}

std::int64_t batch_size(std::int64_t count, const LearnOptions& options) {
  return options.batch_size > 0 ? options.batch_size : std::clamp<std::int64_t>(count / 32, 32, 1024);
}

class Learner {
 public:
  Learner(const Context& context, const RowReader& rows, std::int64_t count, std::int64_t dim, const LearnOptions& options)
      : context_(context), rows_(rows), count_(count), dim_(dim), options_(options), random_(options.seed), order_(count, random_.next()),
        atoms_(static_cast<std::size_t>(options.size * dim)), previous_(atoms_.size()), history_(static_cast<std::size_t>(options.size), 0.0),
        last_use_(history_.size(), 0),
        buffer_(static_cast<std::size_t>(std::max(std::min(batch_size(count, options), count), order_.length()) * dim)) {
    if (options.start.data != nullptr) start_from_given();
    else start_from_rows();
    round_atoms();
    learned_.uses.resize(history_.size());
  }

  LearnedDictionary run() {
    for (std::int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
      const bool replacing = epoch + 1 < options_.epochs || options_.epochs == 1;
      learned_.epochs.push_back(run_epoch(replacing));
      if (options_.report) options_.report(learned_.epochs.back());
    }
    learned_.atoms = std::move(previous_);
    return std::move(learned_);
  }

 private:
  MatrixView<double> atoms() { return {atoms_.data(), options_.size, dim_}; }
  MatrixView<const float> rounded() const { return {previous_.data(), options_.size, dim_}; }
  std::span<double> atom(std::int64_t j) { return {atoms().row(j), static_cast<std::size_t>(dim_)}; }

  /// What the solver works on, and what a batch's updates are held to.
  void round_atoms() {
    std::transform(atoms_.begin(), atoms_.end(), previous_.begin(), [](double value) { return static_cast<float>(value); });
  }

  void start_from_given() {
    for (std::int64_t j = 0; j < options_.size; ++j) {
      std::copy_n(options_.start.row(j), dim_, atom(j).begin());
      if (!normalize_row(atom(j))) fail_argument("start", "atom " + std::to_string(j) + " that is zero or not finite", "atoms with a direction");
    }
  }

  /// A row by chance out of each of `size` pieces of the data; one without a direction gives way to a random direction.
  void start_from_rows() {
    std::vector<float> row(static_cast<std::size_t>(dim_));
    for (std::int64_t j = 0; j < options_.size; ++j) {
      const std::int64_t first = count_ / options_.size * j + std::min(j, count_ % options_.size);
      const std::int64_t length = count_ / options_.size + (j < count_ % options_.size ? 1 : 0);
      rows_(first + random_.below(length), {row.data(), 1, dim_});
      std::copy(row.begin(), row.end(), atom(j).begin());
      while (!normalize_row(atom(j))) {
        for (double& value : atom(j)) value = random_.normal();
      }
    }
  }

  LearnEpoch run_epoch(bool replacing) {
    LearnEpoch epoch;
    std::fill(learned_.uses.begin(), learned_.uses.end(), 0);
    learned_.zero_rows = 0;
    learned_.non_finite_rows = 0;
    order_.shuffle();
    const MatrixView<float> buffer(buffer_.data(), static_cast<std::int64_t>(buffer_.size()) / dim_, dim_);
    for (std::int64_t read = order_.read(rows_, buffer); read > 0; read = order_.read(rows_, buffer)) {
      run_batch(buffer.slice(0, read), replacing, epoch);
    }
    epoch.unused = std::count(learned_.uses.begin(), learned_.uses.end(), 0);
    if (epoch.rows > 0) {
      epoch.objective /= static_cast<double>(epoch.rows);
      epoch.mean_l0 /= static_cast<double>(epoch.rows);
    }
    return epoch;
  }

  void run_batch(MatrixView<const float> z, bool replacing, LearnEpoch& epoch) {
    const Dictionary dictionary = Dictionary::view(context_, rounded());
    DecomposeOptions options;
    options.l1_penalty = options_.l1_penalty;
    options.solve = options_.solve;
    const DecomposeResult result = decompose(context_, dictionary, z, options);
    std::vector<bool> usable;
    for (const RowReport& report : result.reports) {
      usable.push_back(has_direction(report.status));
      if (report.status == RowStatus::non_finite_input) ++learned_.non_finite_rows;
      if (report.status == RowStatus::zero_embedding) ++learned_.zero_rows;
      if (!usable.back()) continue;
      ++epoch.rows;
      epoch.objective += 2 * report.primal;
    }
    epoch.mean_l0 += static_cast<double>(result.codes.nnz());
    seen_ += z.rows;

    LearningBatch batch(z, result.codes, atoms());
    const auto memory = static_cast<double>(options_.memory_rows > 0 ? options_.memory_rows : count_);
    const double kept = std::exp(-static_cast<double>(z.rows) / memory);
    for (double& value : history_) value *= kept;
    for (std::int32_t sweep = 0; sweep < options_.sweeps; ++sweep) batch.update(atoms(), rounded(), history_);
    for (std::size_t j = 0; j < history_.size(); ++j) {
      history_[j] += batch.curvature()[j];
      learned_.uses[j] += batch.uses(static_cast<std::int64_t>(j));
      if (batch.uses(static_cast<std::int64_t>(j)) > 0) last_use_[j] = seen_;
    }
    if (replacing) epoch.replaced += replace_unused(z, batch.squared_residuals(), usable);
    round_atoms();
  }

  /// Atoms that nobody has used for long become rows that are explained worst, as far as these are not alike.
  std::int64_t replace_unused(MatrixView<const float> z, const std::vector<double>& errors, const std::vector<bool>& usable) {
    const std::int64_t patience = std::min(count_, 4 * options_.size);
    std::vector<std::int64_t> unused;
    for (std::int64_t j = 0; j < options_.size; ++j) {
      if (seen_ - last_use_[static_cast<std::size_t>(j)] >= patience) unused.push_back(j);
    }
    if (unused.empty()) return 0;
    std::vector<std::int64_t> worst;
    for (std::int64_t i = 0; i < z.rows; ++i) {
      if (usable[static_cast<std::size_t>(i)]) worst.push_back(i);
    }
    const auto error = [&](std::int64_t i) { return errors[static_cast<std::size_t>(i)]; };
    std::stable_sort(worst.begin(), worst.end(), [&](std::int64_t a, std::int64_t b) { return error(a) > error(b); });
    worst.resize(std::min(worst.size(), std::max<std::size_t>(worst.size() / 8, 1)));
    std::size_t taken = 0;
    std::vector<double> row(static_cast<std::size_t>(dim_));
    const auto is_alike = [&](std::int64_t j) {
      const std::span<double> other = atom(j);
      return std::inner_product(row.begin(), row.end(), other.begin(), 0.0) > near_cosine;
    };
    for (const std::int64_t i : worst) {
      if (taken == unused.size()) break;
      std::copy_n(z.row(i), dim_, row.begin());
      normalize_row(row);
      if (std::any_of(unused.begin(), unused.begin() + static_cast<std::ptrdiff_t>(taken), is_alike)) continue;
      const std::int64_t j = unused[taken++];
      std::copy(row.begin(), row.end(), atom(j).begin());
      history_[static_cast<std::size_t>(j)] = 0;
      last_use_[static_cast<std::size_t>(j)] = seen_;
    }
    return static_cast<std::int64_t>(taken);
  }

  const Context& context_;
  const RowReader& rows_;
  std::int64_t count_;
  std::int64_t dim_;
  const LearnOptions& options_;
  SeededRandom random_;
  RowOrder order_;
  std::vector<double> atoms_;          ///< [p, d]
  std::vector<float> previous_;        ///< the same in float32, as they were before the batch
  std::vector<double> history_;        ///< [p] h_j
  std::vector<std::int64_t> last_use_; ///< [p] rows seen then
  std::vector<float> buffer_;          ///< a batch
  std::int64_t seen_ = 0;
  LearnedDictionary learned_;
};

}  // namespace

LearnedDictionary learn_dictionary(const Context& context, const RowReader& rows, std::int64_t count, std::int64_t dim,
                                   const LearnOptions& options) {
  check_options(count, dim, options);
  return Learner(context, rows, count, dim, options).run();
}

double dictionary_objective(const Context& context, const Dictionary& dictionary, const RowReader& rows, std::int64_t count, float l1_penalty,
                            const SolveOptions& solve) {
  constexpr std::int64_t rows_at_once = 8192;
  DecomposeOptions options;
  options.l1_penalty = l1_penalty;
  options.solve = solve;
  std::vector<float> buffer(static_cast<std::size_t>(std::min(rows_at_once, count) * dictionary.dim()));
  double sum = 0;
  std::int64_t counted = 0;
  for (std::int64_t first = 0; first < count; first += rows_at_once) {
    const MatrixView<float> block(buffer.data(), std::min(rows_at_once, count - first), dictionary.dim());
    rows(first, block);
    for (const RowReport& report : decompose(context, dictionary, MatrixView<const float>(block), options).reports) {
      if (!has_direction(report.status)) continue;
      sum += 2 * report.primal;
      ++counted;
    }
  }
  return counted > 0 ? sum / static_cast<double>(counted) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace splice_cuda

#include "splice_cuda/probe.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <limits>
#include <mutex>

#include "core/available_memory.hpp"
#include "experiments/liblinear.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

constexpr std::size_t nodes_at_once = std::size_t{1} << 16;

[[noreturn]] void bad_column(std::int64_t column, std::int64_t columns) {
  throw ArgumentError("column: got " + std::to_string(column) + "; expected ascending indices below " + std::to_string(columns));
}

void check_probe_options(const ProbeOptions& options) {
  const auto check = [](const char* name, double number) {
    if (std::isfinite(number) && number > 0) return;
    throw ArgumentError(std::string(name) + ": got " + std::to_string(number) + "; expected a finite number above 0");
  };
  check("cost", options.cost);
  check("tolerance", options.tolerance);
}

void say_nothing(const char*) {}

struct ModelDeleter {
  void operator()(::model* trained) const { Liblinear::get().free_and_destroy_model(&trained); }
};

}  // namespace

/// Nodes lie in blocks that never move, so that rows can be pointed at and nothing is copied while they grow. Each row ends with room for the
/// intercept's node and the end mark.
struct ProbeRows::State {
  std::int64_t columns = 0;
  std::int64_t nnz = 0;
  std::deque<std::vector<feature_node>> blocks;
  std::vector<feature_node*> rows;
  std::vector<std::int64_t> lengths;
  std::vector<double> labels;

  feature_node* new_row(std::int32_t label, std::size_t entries) {
    const std::size_t needed = entries + 2;
    if (blocks.empty() || blocks.back().capacity() - blocks.back().size() < needed) {
      const std::size_t size = std::max(nodes_at_once, needed);
      require_memory(size * sizeof(feature_node), available_memory(), "rows of a probe");
      blocks.emplace_back().reserve(size);
    }
    std::vector<feature_node>& block = blocks.back();
    feature_node* row = block.data() + block.size();
    block.resize(block.size() + needed);
    row[entries] = {-1, 0};
    rows.push_back(row);
    lengths.push_back(static_cast<std::int64_t>(entries));
    labels.push_back(label);
    nnz += static_cast<std::int64_t>(entries);
    return row;
  }
};

ProbeRows::ProbeRows(std::int64_t columns) : state_(std::make_unique<State>()) {
  if (columns < 1 || columns >= std::numeric_limits<int>::max()) {
    throw ArgumentError("columns: got " + std::to_string(columns) + "; expected at least 1, below 2^31 - 1");
  }
  state_->columns = columns;
}
ProbeRows::~ProbeRows() = default;
ProbeRows::ProbeRows(ProbeRows&&) noexcept = default;
ProbeRows& ProbeRows::operator=(ProbeRows&&) noexcept = default;

std::int64_t ProbeRows::columns() const noexcept { return state_->columns; }
std::int64_t ProbeRows::rows() const noexcept { return static_cast<std::int64_t>(state_->rows.size()); }
std::int64_t ProbeRows::nnz() const noexcept { return state_->nnz; }

void ProbeRows::add(std::int32_t label, std::span<const std::int32_t> atoms, std::span<const float> values) {
  if (label < 0) throw ArgumentError("label: got " + std::to_string(label) + "; expected a class, from 0");
  if (atoms.size() != values.size()) {
    throw ArgumentError("values: got " + std::to_string(values.size()) + " for " + std::to_string(atoms.size()) + " atoms; expected as many");
  }
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    if (atoms[i] < 0 || atoms[i] >= columns() || (i > 0 && atoms[i] <= atoms[i - 1])) bad_column(atoms[i], columns());
    if (!std::isfinite(values[i])) throw ArgumentError("values: got a number that is not finite; expected finite ones");
  }
  feature_node* row = state_->new_row(label, atoms.size());
  for (std::size_t i = 0; i < atoms.size(); ++i) row[i] = {atoms[i] + 1, values[i]};  // liblinear counts from 1
}

void ProbeRows::add(std::int32_t label, std::span<const float> row) {
  if (static_cast<std::int64_t>(row.size()) != columns()) {
    throw ArgumentError("row: got " + std::to_string(row.size()) + " numbers; expected " + std::to_string(columns()));
  }
  std::vector<std::int32_t> atoms;
  std::vector<float> values;
  for (std::size_t k = 0; k < row.size(); ++k) {
    if (row[k] == 0) continue;
    atoms.push_back(static_cast<std::int32_t>(k));
    values.push_back(row[k]);
  }
  add(label, atoms, values);
}

LinearProbe::LinearProbe(std::int64_t classes, std::int64_t columns)
    : classes_(classes), columns_(columns), known_(static_cast<std::size_t>(classes), false), intercepts_(static_cast<std::size_t>(classes), 0) {
  require_memory(static_cast<std::size_t>(classes) * static_cast<std::size_t>(columns) * sizeof(double), available_memory(), "coefficients of a probe");
  coefficients_.assign(static_cast<std::size_t>(classes * columns), 0);
}

LinearProbe LinearProbe::train(const ProbeRows& rows, std::int64_t classes, const ProbeOptions& options) {
  check_probe_options(options);
  const ProbeRows::State& state = *rows.state_;
  if (classes < 2) throw ArgumentError("classes: got " + std::to_string(classes) + "; expected at least two");
  LinearProbe probe(classes, rows.columns());
  for (const double label : state.labels) {
    if (label >= static_cast<double>(classes)) {
      throw ArgumentError("label: got " + std::to_string(static_cast<std::int64_t>(label)) + "; expected one below " + std::to_string(classes));
    }
    probe.known_[static_cast<std::size_t>(label)] = true;
  }
  if (std::count(probe.known_.begin(), probe.known_.end(), true) < 2) {
    throw ArgumentError("rows: got " + std::to_string(rows.rows()) + " of " + (rows.rows() == 0 ? "no class" : "one class") +
                        "; expected rows of at least two classes");
  }
  if (rows.rows() >= std::numeric_limits<int>::max()) throw ArgumentError("rows: got " + std::to_string(rows.rows()) + "; expected fewer than 2^31 - 1");
  // The solver copies the entries by column, and does not ask whether it got the memory.
  require_memory(sizeof(feature_node) * static_cast<std::size_t>(rows.nnz() + 3 * rows.rows() + rows.columns()) +
                     2 * sizeof(double) * static_cast<std::size_t>(classes * rows.columns()),
                 available_memory(), "training of a probe");

  const int intercept_column = static_cast<int>(rows.columns()) + 1;
  std::vector<double> labels = state.labels;
  std::vector<feature_node*> pointers = state.rows;
  const ::problem problem{static_cast<int>(rows.rows()), static_cast<int>(rows.columns()) + (options.intercept ? 1 : 0), labels.data(), pointers.data(),
                          options.intercept ? 1.0 : -1.0};
  const ::parameter parameter{options.penalty == ProbePenalty::l1 ? L1R_LR : L2R_LR, options.tolerance, options.cost, 0, nullptr, nullptr, 0.1, nullptr};
  std::unique_ptr<::model, ModelDeleter> model;
  {
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    for (std::size_t i = 0; i < state.rows.size(); ++i) {
      feature_node* end = state.rows[i] + state.lengths[i];
      if (options.intercept) *end++ = {intercept_column, 1};
      *end = {-1, 0};
    }
    Liblinear::get().set_print_string_function(&say_nothing);
    std::srand(options.seed);
    model.reset(Liblinear::get().train(&problem, &parameter));
  }

  const auto known = static_cast<std::size_t>(model->nr_class);
  const std::size_t vectors = known == 2 ? 1 : known;
  for (std::size_t c = 0; c < known; ++c) {
    const auto of_class = static_cast<std::size_t>(model->label[c]);
    const double sign = vectors == 1 && c == 1 ? -1 : 1;
    const std::size_t vector = vectors == 1 ? 0 : c;
    for (std::size_t k = 0; k < static_cast<std::size_t>(rows.columns()); ++k) {
      probe.coefficients_[k * static_cast<std::size_t>(classes) + of_class] = sign * model->w[k * vectors + vector];
    }
    if (options.intercept) probe.intercepts_[of_class] = sign * model->w[static_cast<std::size_t>(rows.columns()) * vectors + vector];
  }
  return probe;
}

double LinearProbe::coefficient(std::int32_t class_index, std::int64_t column) const {
  if (class_index < 0 || class_index >= classes_ || column < 0 || column >= columns_) bad_column(column, columns_);
  return coefficients_[static_cast<std::size_t>(column * classes_ + class_index)];
}

std::int64_t LinearProbe::used_columns() const {
  std::int64_t used = 0;
  for (auto row = coefficients_.begin(); row != coefficients_.end(); row += classes_) {
    if (std::any_of(row, row + classes_, [](double value) { return value != 0; })) ++used;
  }
  return used;
}

std::vector<double> LinearProbe::scores(std::span<const std::int32_t> atoms, std::span<const float> values) const {
  std::vector<double> scores = intercepts_;
  const auto classes = static_cast<std::size_t>(classes_);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    if (atoms[i] < 0 || atoms[i] >= columns_) bad_column(atoms[i], columns_);
    const double* row = coefficients_.data() + static_cast<std::size_t>(atoms[i]) * classes;
    for (std::size_t c = 0; c < classes; ++c) scores[c] += row[c] * values[i];
  }
  for (std::size_t c = 0; c < classes; ++c) {
    if (!known_[c]) scores[c] = -std::numeric_limits<double>::infinity();
  }
  return scores;
}

std::vector<double> LinearProbe::scores(std::span<const float> row) const {
  if (static_cast<std::int64_t>(row.size()) != columns_) {
    throw ArgumentError("row: got " + std::to_string(row.size()) + " numbers; expected " + std::to_string(columns_));
  }
  std::vector<std::int32_t> all(row.size());
  for (std::size_t k = 0; k < all.size(); ++k) all[k] = static_cast<std::int32_t>(k);
  return scores(all, row);
}

LinearProbe LinearProbe::without(std::span<const std::int32_t> columns) const {
  LinearProbe edited = *this;
  for (const std::int32_t column : columns) {
    if (column < 0 || column >= columns_) bad_column(column, columns_);
    const auto row = edited.coefficients_.begin() + static_cast<std::ptrdiff_t>(column * classes_);
    std::fill(row, row + static_cast<std::ptrdiff_t>(classes_), 0.0);
  }
  return edited;
}

}  // namespace splice_cuda

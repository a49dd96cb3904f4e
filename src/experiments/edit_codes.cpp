#include "splice_cuda/edit_codes.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "core/validate.hpp"
#include "experiments/row_direction.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

void check_number(const char* name, float number) {
  if (std::isfinite(number) && number >= 0) return;
  throw ArgumentError(std::string(name) + ": got " + std::to_string(number) + "; expected a finite number, at least 0");
}

}  // namespace

CodeEdit::CodeEdit(std::int64_t atoms) {
  if (atoms < 0) throw ArgumentError("atoms: got " + std::to_string(atoms) + "; expected at least 0");
  of_atom_.resize(static_cast<std::size_t>(atoms));
}

CodeEdit::Change& CodeEdit::unedited(std::int32_t atom) {
  if (atom < 0 || atom >= atoms()) {
    throw ArgumentError("atom: got " + std::to_string(atom) + "; expected an index below " + std::to_string(atoms()));
  }
  Change& change = of_atom_[static_cast<std::size_t>(atom)];
  if (change.edited) throw ArgumentError("atom: got " + std::to_string(atom) + " twice; expected one edit an atom");
  return change;
}

void CodeEdit::scale(std::int32_t atom, float factor) {
  check_number("factor", factor);
  unedited(atom) = {true, false, factor};
  edited_.push_back(atom);
}

void CodeEdit::force(std::int32_t atom, float weight) {
  check_number("weight", weight);
  unedited(atom) = {true, true, weight};
  edited_.push_back(atom);
  if (weight > 0) forced_.insert(std::upper_bound(forced_.begin(), forced_.end(), atom), atom);
}

std::vector<std::int32_t> CodeEdit::removed() const {
  std::vector<std::int32_t> atoms;
  const auto is_removed = [&](std::int32_t atom) { return of_atom_[static_cast<std::size_t>(atom)].number == 0; };
  std::copy_if(edited_.begin(), edited_.end(), std::back_inserter(atoms), is_removed);
  std::sort(atoms.begin(), atoms.end());
  return atoms;
}

bool CodeEdit::only_removes() const noexcept {
  return std::all_of(edited_.begin(), edited_.end(), [&](std::int32_t atom) { return of_atom_[static_cast<std::size_t>(atom)].number == 0; });
}

void CodeEdit::append_row(SparseCodes& out, std::span<const std::int32_t> atoms, std::span<const float> values, bool force) const {
  auto next = force ? forced_.begin() : forced_.end();
  const auto append = [&](std::int32_t atom, float weight) {
    if (weight == 0) return;
    out.atom_indices.push_back(atom);
    out.values.push_back(weight);
  };
  const auto append_forced_before = [&](std::int32_t end) {
    for (; next != forced_.end() && *next < end; ++next) append(*next, of_atom_[static_cast<std::size_t>(*next)].number);
  };
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const Change& change = of_atom_.at(static_cast<std::size_t>(atoms[i]));
    append_forced_before(atoms[i]);
    if (!change.forced) append(atoms[i], values[i] * change.number);
  }
  append_forced_before(static_cast<std::int32_t>(of_atom_.size()));
  out.row_offsets.push_back(out.nnz());
}

SparseCodes CodeEdit::apply(const SparseCodes& codes, std::span<const RowReport> reports) const {
  if (codes.cols != atoms()) {
    throw ArgumentError("codes: got " + std::to_string(codes.cols) + " columns; expected " + std::to_string(atoms()) + ", one an atom");
  }
  if (!reports.empty() && static_cast<std::int64_t>(reports.size()) != codes.rows) {
    throw ArgumentError("reports: got " + std::to_string(reports.size()) + "; expected " + std::to_string(codes.rows) + ", one a row");
  }
  check_codes("codes", codes, codes.rows, codes.cols);
  SparseCodes out;
  out.rows = codes.rows;
  out.cols = codes.cols;
  out.row_offsets.reserve(static_cast<std::size_t>(codes.rows) + 1);
  out.row_offsets.push_back(0);
  for (std::int64_t row = 0; row < codes.rows; ++row) {
    append_row(out, codes.row_atoms(row), codes.row_values(row), reports.empty() || has_direction(reports[static_cast<std::size_t>(row)].status));
  }
  return out;
}

}  // namespace splice_cuda

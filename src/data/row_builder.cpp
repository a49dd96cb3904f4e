#include "data/row_builder.hpp"

#include "splice_cuda/error.hpp"

namespace splice_cuda::data {

/// A record that has each column, and millions that have none: few bytes on disk, and a table that no memory holds.
void RowBuilder::check_padding() const {
  constexpr std::size_t most_bytes = std::size_t{1} << 31;
  if (rows_ * columns_.size() - set_ <= most_bytes / sizeof(std::string)) return;
  throw FileError(source_ + ": found " + std::to_string(columns_.size()) + " columns that are almost all empty in " + std::to_string(rows_) +
                  " records; expected a table of records");
}

void RowBuilder::next() {
  ++rows_;
  check_padding();
}

void RowBuilder::set(const std::string& column, std::string value) {
  constexpr std::size_t most_columns = 1000;
  const auto [place, is_new] = places_.try_emplace(column, columns_.size());
  if (is_new) {
    if (columns_.size() == most_columns) {
      throw FileError(source_ + ": found more than " + std::to_string(most_columns) + " columns; expected a table of records");
    }
    columns_.emplace_back(column, std::vector<std::string>());
  }
  std::vector<std::string>& values = columns_[place->second].second;
  if (values.size() < rows_) ++set_;
  if (is_new) check_padding();
  values.resize(rows_);
  values.back() = std::move(value);
}

RecordTable RowBuilder::take() {
  RecordTable table;
  for (auto& [name, values] : columns_) {
    values.resize(rows_);
    table.set(name, std::move(values));
  }
  columns_.clear();
  places_.clear();
  rows_ = set_ = 0;
  return table;
}

}  // namespace splice_cuda::data

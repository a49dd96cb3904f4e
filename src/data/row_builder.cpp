#include "data/row_builder.hpp"

#include "splice_cuda/error.hpp"

namespace splice_cuda::data {

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
  values.resize(rows_);
  values.back() = std::move(value);
}

std::string_view RowBuilder::value(const std::string& column) const {
  const auto place = places_.find(column);
  if (place == places_.end()) return {};
  const std::vector<std::string>& values = columns_[place->second].second;
  return values.size() == rows_ && rows_ > 0 ? std::string_view(values.back()) : std::string_view();
}

RecordTable RowBuilder::take() {
  RecordTable table;
  for (auto& [name, values] : columns_) {
    values.resize(rows_);
    table.set(name, std::move(values));
  }
  columns_.clear();
  places_.clear();
  rows_ = 0;
  return table;
}

}  // namespace splice_cuda::data

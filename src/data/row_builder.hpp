#pragma once

/// @file row_builder.hpp
/// Records one after the other, whose columns become known on the way.

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "splice_cuda/record_table.hpp"

namespace splice_cuda::data {

class RowBuilder {
 public:
  /// @param source  what messages name
  explicit RowBuilder(std::string source) : source_(std::move(source)) {}

  /// Begins the next record, empty in all columns. @throws FileError where empty values would take more than 2 GiB
  void next();
  /// Sets a value of the present record; the column is made where it is new. @throws FileError for more than 1000 columns; as next() does
  void set(const std::string& column, std::string value);
  std::size_t rows() const noexcept { return rows_; }
  /// Columns in the order in which they were made.
  RecordTable take();

 private:
  void check_padding() const;

  std::string source_;
  std::size_t rows_ = 0;
  std::size_t set_ = 0;  ///< values that were set; all others are padding
  std::vector<std::pair<std::string, std::vector<std::string>>> columns_;  ///< each as long as the last record that has it
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace splice_cuda::data

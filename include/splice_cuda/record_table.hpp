#pragma once

/// @file record_table.hpp
/// What is known of rows beside their embeddings: labels, splits, paths, any column; and rows sorted into groups by them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace splice_cuda {

/// Named columns of text (UTF-8), all of one length: one record a row of the embeddings.
class RecordTable {
 public:
  std::int64_t rows() const noexcept { return columns_.empty() ? 0 : static_cast<std::int64_t>(columns_.front().values.size()); }
  std::vector<std::string> names() const;
  bool has(std::string_view name) const noexcept;
  /// Values of the column [rows]. @throws ArgumentError that lists the columns there are
  const std::vector<std::string>& column(std::string_view name) const;
  /// Adds a column, or replaces the one of that name. @throws ArgumentError for another number of values than rows
  void set(std::string name, std::vector<std::string> values);

 private:
  struct Column {
    std::string name;
    std::vector<std::string> values;
  };
  std::vector<Column> columns_;
};

/// Rows sorted into named groups: classes, splits, years.
struct RowGroups {
  std::vector<std::string> names;    ///< ascending: as numbers where all are whole numbers, else by their bytes
  std::vector<std::int32_t> of_row;  ///< [n] index into names; -1 for a row that belongs to none (an empty label)

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(names.size()); }
  /// Rows of each group. [size()]
  std::vector<std::int64_t> counts() const;
  /// Index of a group. @throws ArgumentError that lists the groups there are
  std::int32_t at(std::string_view name) const;
  /// One group a different label.
  static RowGroups of(std::span<const std::string> labels);
};

}  // namespace splice_cuda

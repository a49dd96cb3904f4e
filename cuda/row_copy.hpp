#pragma once

/// @file row_copy.hpp
/// Rows of bytes from one pitch to another.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace splice_cuda::cuda {

struct RowCopy {
  void* to = nullptr;
  std::size_t to_pitch = 0;
  const void* from = nullptr;
  std::size_t from_pitch = 0;
  std::size_t row_bytes = 0;
  std::int64_t rows = 0;

  /// All bytes of an array.
  static RowCopy of_array(void* to, const void* from, std::size_t bytes) { return {to, bytes, from, bytes, bytes, 1}; }

  /// Whether the bytes lie side by side here and there.
  bool contiguous() const { return rows == 1 || (to_pitch == row_bytes && from_pitch == row_bytes); }

  /// A part of them: rows [first, first + count), of each the bytes [begin, begin + bytes).
  RowCopy part(std::int64_t first, std::int64_t count, std::size_t begin, std::size_t bytes) const {
    const auto row = static_cast<std::size_t>(first);
    return {static_cast<unsigned char*>(to) + row * to_pitch + begin, to_pitch,
            static_cast<const unsigned char*>(from) + row * from_pitch + begin, from_pitch, bytes, count};
  }
};

/// In the host's memory.
inline void copy_on_host(const RowCopy& copy) {
  if (copy.contiguous()) {
    std::memcpy(copy.to, copy.from, static_cast<std::size_t>(copy.rows) * copy.row_bytes);
    return;
  }
  for (std::int64_t i = 0; i < copy.rows; ++i) {
    const RowCopy row = copy.part(i, 1, 0, copy.row_bytes);
    std::memcpy(row.to, row.from, row.row_bytes);
  }
}

/// A copy cut into pieces of at most so many bytes: of several rows each, or, where one has more, of a part of a row.
class CopyPieces {
 public:
  CopyPieces(const RowCopy& copy, std::size_t most_bytes)
      : copy_(copy),
        rows_at_once_(std::max<std::int64_t>(1, static_cast<std::int64_t>(most_bytes / std::max<std::size_t>(1, copy.row_bytes)))),
        bytes_at_once_(std::min(copy.row_bytes, most_bytes)) {}

  std::int64_t count() const { return copy_.row_bytes == 0 ? 0 : parts_of(copy_.rows, rows_at_once_) * row_parts(); }

  RowCopy piece(std::int64_t index) const {
    const std::int64_t first = index / row_parts() * rows_at_once_;
    const std::size_t begin = static_cast<std::size_t>(index % row_parts()) * bytes_at_once_;
    return copy_.part(first, std::min(rows_at_once_, copy_.rows - first), begin, std::min(bytes_at_once_, copy_.row_bytes - begin));
  }

 private:
  static std::int64_t parts_of(std::int64_t all, std::int64_t part) { return (all + part - 1) / part; }
  std::int64_t row_parts() const {
    return parts_of(static_cast<std::int64_t>(copy_.row_bytes), static_cast<std::int64_t>(bytes_at_once_));
  }

  RowCopy copy_;
  std::int64_t rows_at_once_;
  std::size_t bytes_at_once_;
};

}  // namespace splice_cuda::cuda

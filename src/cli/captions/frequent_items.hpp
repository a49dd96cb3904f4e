#pragma once

/// @file frequent_items.hpp
/// Counts texts of a stream in bounded memory.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace splice_cuda::cli {

struct CountedText {
  std::string text;
  std::uint64_t count = 0;   ///< occurrences seen since it was last taken up: never too many
  std::uint64_t missed = 0;  ///< it may have occurred so many times more
};

/// Exact while all distinct texts fit. Where they do not, the rarest leave (lossy counting, Manku & Motwani 2002, with
/// the threshold that memory asks for): a text that is listed occurred `count` to `count + missed` times, one that is not
/// at most `largest_missed` times.
class FrequentItems {
 public:
  /// @param bytes  memory for texts and counters, at least 64 KiB
  explicit FrequentItems(std::size_t bytes);

  /// One more occurrence of a text of at most 255 bytes.
  void add(std::string_view text);

  /// 0 as long as every count is exact.
  std::uint64_t largest_missed() const noexcept { return missed_; }
  /// Texts with count >= least, by falling count; ties by their bytes.
  std::vector<CountedText> sorted(std::uint64_t least) const;

 private:
  struct Entry {
    std::uint64_t count = 0;
    std::uint64_t missed = 0;
    std::uint64_t text = 0;  ///< place in texts_
    std::uint32_t hash = 0;
    std::uint32_t length = 0;
  };

  std::string_view text_of(const Entry& entry) const { return std::string_view(texts_).substr(entry.text, entry.length); }
  std::size_t slot_of(std::string_view text, std::uint32_t hash) const;
  void rebuild_slots();
  void drop_rarest();

  std::size_t most_entries_;
  std::size_t most_text_bytes_;
  std::uint64_t missed_ = 0;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  ///< 1 + index of an entry; 0 is free. Open addressing, linear probing
  std::string texts_;
};

}  // namespace splice_cuda::cli

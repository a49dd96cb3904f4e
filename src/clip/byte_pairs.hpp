#pragma once

/// @file byte_pairs.hpp
/// Byte-pair encoding of one word over CLIP's byte symbols.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace splice_cuda::clip {

/// The merges and the ids they give. Symbols with the same spelling are one symbol, with the last of their
/// ids.
class BytePairs {
 public:
  /// @param merges  "left right" each, by rank
  /// @throws FileError starting with `name` for a merge that is not two symbols
  BytePairs(std::span<const std::string> merges, const std::string& name);

  /// 512 byte symbols and one for each merge: the start token has this id, the end token the next.
  std::int64_t symbols() const noexcept { return symbols_; }
  /// Appends the tokens of a word, 1 byte or more: the pair of least rank is merged, everywhere and from the
  /// left, until none is left.
  void encode(std::string_view word, std::vector<std::int64_t>& out) const;

 private:
  struct Merge {
    std::int64_t rank = 0;
    std::int64_t symbol = 0;
  };
  struct PairHash {
    std::size_t operator()(const std::pair<std::int64_t, std::int64_t>& pair) const noexcept {
      return std::hash<std::int64_t>()(pair.first * 0x10001 + pair.second * 0x9E3779B1);
    }
  };

  std::vector<std::int64_t> byte_symbols_;  ///< [256] and, with the end of the word, [256]
  std::unordered_map<std::pair<std::int64_t, std::int64_t>, Merge, PairHash> merges_;
  std::int64_t symbols_ = 0;
};

}  // namespace splice_cuda::clip

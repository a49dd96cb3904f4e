#include "clip/byte_pairs.hpp"

#include <functional>
#include <optional>
#include <queue>
#include <tuple>

#include "clip/text_cleaning.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

constexpr std::string_view word_end = "</w>";

bool is_printable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

/// Bytes in the order of their ids, each with the character that spells it: printable ones by themselves, the
/// others, after them, by U+0100 and on.
std::vector<std::pair<int, std::string>> byte_alphabet() {
  std::vector<std::pair<int, std::string>> alphabet;
  for (int byte = 0; byte < 256; ++byte) {
    if (is_printable(byte))
      alphabet.emplace_back(byte, to_utf8(std::u32string(1, static_cast<char32_t>(byte))));
  }
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    if (!is_printable(byte)) alphabet.emplace_back(byte, to_utf8(std::u32string(1, next++)));
  }
  return alphabet;
}

std::optional<std::pair<std::string, std::string>> two_symbols(const std::string& merge) {
  const std::size_t gap = merge.find(' ');
  if (gap == 0 || gap == std::string::npos || gap + 1 == merge.size()) return std::nullopt;
  if (merge.find_first_of(" \t\r\n", gap + 1) != std::string::npos) return std::nullopt;
  return std::pair(merge.substr(0, gap), merge.substr(gap + 1));
}

}  // namespace

BytePairs::BytePairs(std::span<const std::string> merges, const std::string& name) : byte_symbols_(512) {
  std::unordered_map<std::string, std::int64_t> ids;
  const std::vector<std::pair<int, std::string>> alphabet = byte_alphabet();
  for (const auto& letter : alphabet) ids[letter.second] = symbols_++;
  for (const auto& letter : alphabet) ids[letter.second + std::string(word_end)] = symbols_++;

  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& merge : merges) {
    std::optional<std::pair<std::string, std::string>> pair = two_symbols(merge);
    if (!pair) {
      throw FileError(name + ": merge " + std::to_string(pairs.size()) + ": found \"" + merge +
                      "\", expected two symbols with a space between them");
    }
    ids[pair->first + pair->second] = symbols_++;
    pairs.push_back(std::move(*pair));
  }
  for (const auto& [byte, spelling] : alphabet) {
    byte_symbols_[static_cast<std::size_t>(byte)] = ids.at(spelling);
    byte_symbols_[static_cast<std::size_t>(byte) + 256] = ids.at(spelling + std::string(word_end));
  }
  for (std::size_t rank = 0; rank < pairs.size(); ++rank) {
    const auto left = ids.find(pairs[rank].first);
    const auto right = ids.find(pairs[rank].second);
    if (left == ids.end() || right == ids.end()) continue;  // no text has that symbol
    merges_[{left->second, right->second}] = {static_cast<std::int64_t>(rank),
                                              ids.at(pairs[rank].first + pairs[rank].second)};
  }
}

void BytePairs::encode(std::string_view word, std::vector<std::int64_t>& out) const {
  struct Link {
    std::int64_t symbol = 0;
    std::int64_t previous = 0;
    std::int64_t next = 0;
  };
  const auto size = static_cast<std::int64_t>(word.size());
  std::vector<Link> links(word.size());
  for (std::int64_t i = 0; i < size; ++i) {
    const auto byte = static_cast<std::size_t>(static_cast<unsigned char>(word[static_cast<std::size_t>(i)]));
    links[static_cast<std::size_t>(i)] = {byte_symbols_[byte + (i + 1 == size ? 256 : 0)], i - 1, i + 1};
  }
  const auto link = [&](std::int64_t i) -> Link& { return links[static_cast<std::size_t>(i)]; };

  // Rank, place of the left symbol, and the two symbols that stood there: gone ones are passed over.
  using Candidate = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto offer = [&](std::int64_t left) {
    const std::int64_t right = left < 0 ? size : link(left).next;
    if (right >= size) return;
    const auto merge = merges_.find({link(left).symbol, link(right).symbol});
    if (merge != merges_.end())
      candidates.emplace(merge->second.rank, left, link(left).symbol, link(right).symbol);
  };
  for (std::int64_t i = 0; i + 1 < size; ++i) offer(i);

  std::vector<std::int64_t> changed;
  while (!candidates.empty()) {
    // All places of one pair before any pair that this makes.
    const std::int64_t rank = std::get<0>(candidates.top());
    changed.clear();
    while (!candidates.empty() && std::get<0>(candidates.top()) == rank) {
      const auto [ignored, left, first, second] = candidates.top();
      candidates.pop();
      const std::int64_t right = link(left).next;
      if (link(left).symbol != first || right >= size || link(right).symbol != second) continue;
      link(left).symbol = merges_.at({first, second}).symbol;
      link(left).next = link(right).next;
      if (link(right).next < size) link(link(right).next).previous = left;
      link(right).symbol = -1;
      changed.push_back(left);
    }
    for (const std::int64_t left : changed) {
      offer(link(left).previous);
      offer(left);
    }
  }
  for (std::int64_t i = 0; i < size; i = link(i).next) out.push_back(link(i).symbol);
}

}  // namespace splice_cuda::clip

#pragma once

/// @file equal_keys.hpp
/// Equal items found by hash and comparison, in n log n steps however the hashes collide.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace splice_cuda {

/// Items ordered by hash, equal hashes by content, equal contents by index.
/// @param compare  three-way comparison of two items' contents: < 0, 0 or > 0
template <class Compare>
std::vector<std::pair<std::uint64_t, std::int32_t>> order_by_hash(const std::vector<std::uint64_t>& hashes,
                                                                  Compare compare) {
  using Entry = std::pair<std::uint64_t, std::int32_t>;
  std::vector<Entry> order;
  order.reserve(hashes.size());
  for (std::size_t i = 0; i < hashes.size(); ++i) order.emplace_back(hashes[i], static_cast<std::int32_t>(i));
  std::sort(order.begin(), order.end());
  for (auto begin = order.begin(); begin != order.end();) {
    auto end = begin + 1;
    while (end != order.end() && end->first == begin->first) ++end;
    if (end - begin > 1) {
      std::sort(begin, end, [&](const Entry& a, const Entry& b) {
        if (a.second == b.second) return false;
        const int order_of_contents = compare(a.second, b.second);
        return order_of_contents != 0 ? order_of_contents < 0 : a.second < b.second;
      });
    }
    begin = end;
  }
  return order;
}

/// For each item the index of the first one that equals it (its own where there is none).
template <class Compare>
std::vector<std::int32_t> first_equal_items(const std::vector<std::uint64_t>& hashes, Compare compare) {
  const auto order = order_by_hash(hashes, compare);
  std::vector<std::int32_t> first(hashes.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool repeats =
        i > 0 && order[i].first == order[i - 1].first && compare(order[i].second, order[i - 1].second) == 0;
    first[static_cast<std::size_t>(order[i].second)] =
        repeats ? first[static_cast<std::size_t>(order[i - 1].second)] : order[i].second;
  }
  return first;
}

}  // namespace splice_cuda

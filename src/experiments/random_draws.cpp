#include "experiments/random_draws.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

#include "experiments/check_cancel.hpp"

namespace splice_cuda {
namespace {

constexpr std::int64_t draws_between_stops = 65536;  // a tenth of a second in a large sample

}  // namespace

std::int64_t draw_below(RandomBits& random, std::int64_t count) {
  const auto range = static_cast<std::uint64_t>(count);
  const std::uint64_t whole = std::numeric_limits<std::uint64_t>::max() / range * range;  // a multiple of range
  std::uint64_t bits = random();
  while (bits >= whole) bits = random();
  return static_cast<std::int64_t>(bits % range);
}

std::vector<std::int64_t> draw_sample(RandomBits& random, std::int64_t total, std::int64_t count, const std::function<bool()>& cancel) {
  if (count >= total) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(total));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  std::set<std::int64_t> drawn;
  const std::int64_t first = total - count;
  for (std::int64_t last = first; last < total; ++last) {
    if ((last - first) % draws_between_stops == 0) check_cancel(cancel);
    if (!drawn.insert(draw_below(random, last + 1)).second) drawn.insert(last);
  }
  return {drawn.begin(), drawn.end()};
}

std::vector<std::int64_t> draw_cycle(RandomBits& random, std::int64_t count) {
  std::vector<std::int64_t> next(static_cast<std::size_t>(count));
  std::iota(next.begin(), next.end(), 0);
  for (std::int64_t i = count - 1; i > 0; --i) {
    std::swap(next[static_cast<std::size_t>(i)], next[static_cast<std::size_t>(draw_below(random, i))]);
  }
  return next;
}

DrawnPair draw_pair(RandomBits& random, std::int64_t count) {
  const std::int64_t first = draw_below(random, count);
  const std::int64_t other = draw_below(random, count - 1);
  return {first, other < first ? other : other + 1};
}

std::vector<DrawnPair> draw_pairs(RandomBits& random, std::int64_t count, std::int64_t pairs, const std::function<bool()>& cancel) {
  std::vector<DrawnPair> drawn;
  if (count < 2) return drawn;
  // Pair (i, j), i < j, has the number j (j - 1) / 2 + i.
  for (const std::int64_t number : draw_sample(random, count * (count - 1) / 2, pairs, cancel)) {
    if (static_cast<std::int64_t>(drawn.size()) % draws_between_stops == 0) check_cancel(cancel);
    auto second = static_cast<std::int64_t>((1 + std::sqrt(1 + 8 * static_cast<double>(number))) / 2);
    while (second * (second - 1) / 2 > number) --second;  // the root is rounded
    while (second * (second + 1) / 2 <= number) ++second;
    const std::int64_t first = number - second * (second - 1) / 2;
    if (draw_below(random, 2) == 0) drawn.push_back({first, second});
    else drawn.push_back({second, first});
  }
  return drawn;
}

}  // namespace splice_cuda

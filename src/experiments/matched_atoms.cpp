#include "splice_cuda/matched_atoms.hpp"

#include <algorithm>
#include <string>

#include "experiments/random_numbers.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

constexpr std::size_t window = 10;

}  // namespace

std::vector<std::int32_t> matched_atoms(std::span<const std::int32_t> atoms, std::span<const std::int32_t> excluded,
                                        std::span<const std::int64_t> frequency, std::uint64_t seed) {
  std::vector<bool> taken(frequency.size(), false);
  for (const auto& list : {atoms, excluded}) {
    for (const std::int32_t atom : list) {
      if (atom < 0 || static_cast<std::size_t>(atom) >= frequency.size()) {
        throw ArgumentError("atoms: got " + std::to_string(atom) + "; expected indices below " + std::to_string(frequency.size()));
      }
      taken[static_cast<std::size_t>(atom)] = true;
    }
  }
  const auto uses = [&](std::int32_t atom) { return frequency[static_cast<std::size_t>(atom)]; };
  std::vector<std::int32_t> order(atoms.begin(), atoms.end());
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return uses(a) != uses(b) ? uses(a) > uses(b) : a < b; });
  std::vector<std::int32_t> candidates;  // by frequency, so that those near to one are beside each other
  for (std::int32_t atom = 0; static_cast<std::size_t>(atom) < frequency.size(); ++atom) {
    if (!taken[static_cast<std::size_t>(atom)]) candidates.push_back(atom);
  }
  std::sort(candidates.begin(), candidates.end(), [&](std::int32_t a, std::int32_t b) { return uses(a) != uses(b) ? uses(a) < uses(b) : a < b; });

  SplitMix64 random(seed);
  std::vector<std::int32_t> chosen;
  for (const std::int32_t atom : order) {
    if (candidates.empty()) break;
    const auto above = std::lower_bound(candidates.begin(), candidates.end(), atom, [&](std::int32_t a, std::int32_t b) { return uses(a) < uses(b); });
    auto first = above;
    auto last = above;
    while (static_cast<std::size_t>(last - first) < std::min(window, candidates.size())) {
      const bool below = last == candidates.end() || (first != candidates.begin() && uses(atom) - uses(*(first - 1)) < uses(*last) - uses(atom));
      if (below) --first;
      else ++last;
    }
    const auto place = first + static_cast<std::ptrdiff_t>(random.below(static_cast<std::uint64_t>(last - first)));
    chosen.push_back(*place);
    candidates.erase(place);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace splice_cuda

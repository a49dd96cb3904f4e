// The best few of many values.

#include <cmath>
#include <functional>

#include "cuda/kernel_problem.hpp"
#include "kernels/pick_best.hpp"
#include "support/bell_stream.hpp"
#include "support/special_numbers.hpp"

namespace splice_cuda::testing {
namespace {

template <int lane_count, int limit>
struct PickKernel {
  struct Args {
    const float* values = nullptr;
    int count = 0;
    float floor = 0;
    int most = 0;
    std::int32_t* taken = nullptr;  ///< [most]
    float* best = nullptr;          ///< [most] their values
    std::int32_t* picked = nullptr;
  };
  struct Shared {};
  static constexpr int lanes = lane_count;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "pick_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    auto values = group.array(args.values, args.count);
    const int picked = cuda::pick_best<limit>(
        group, args.count, [&](int i) -> float { return values[i]; }, args.floor, args.most,
        group.array(args.taken, args.most), group.array(args.best, args.most));
    group.once([&] { *args.picked = picked; });
  }
};

class PickBest : public WatchedKernels {
 protected:
  using Indices = std::vector<std::int32_t>;

  /// By groups of all sizes, which agree as long as all values are looked at together.
  Indices pick(const std::vector<float>& values, float floor, int most) {
    Indices one = pick_by<32>(values, floor, most);
    EXPECT_EQ(one, (pick_by<32, 32>(values, floor, most)));
    EXPECT_EQ(one, pick_by<128>(values, floor, most));
    EXPECT_EQ(one, pick_by<256>(values, floor, most));
    return one;
  }

  template <int lanes, int limit = 64>
  std::vector<std::int32_t> pick_by(const std::vector<float>& values, float floor, int most) {
    std::vector<std::int32_t> taken(at(most), -1);
    std::vector<float> best(at(most), nan);
    std::int32_t picked = -1;
    device.launch<PickKernel<lanes, limit>>(
        1, {values.data(), static_cast<int>(values.size()), floor, most, taken.data(), best.data(), &picked});
    taken.resize(at(picked));
    for (std::size_t slot = 0; slot < taken.size(); ++slot) EXPECT_EQ(best[slot], values[at(taken[slot])]);
    return taken;
  }
};

TEST_F(PickBest, FewerThanWanted) {
  EXPECT_EQ(pick({0.1f, 0.5f, 0.2f, 0.2f, 0.9f}, 0.2f, 3), (Indices{1, 4}));
  EXPECT_EQ(pick({0.1f, 0.5f}, 0.5f, 3), Indices());
  EXPECT_EQ(pick({0.3f, 0.5f, 0.4f}, 0.2f, 3), (Indices{0, 1, 2}));
}

TEST_F(PickBest, TheLargestInTheOrderOfTheirPlaces) {
  EXPECT_EQ(pick({0.9f, 0.3f, 0.8f, 0.4f, 0.7f}, 0.2f, 3), (Indices{0, 2, 4}));
  EXPECT_EQ(pick({0.3f, 0.4f, 0.5f}, 0.2f, 1), (Indices{2}));
}

TEST_F(PickBest, AllEqual) {
  Indices first(32);
  std::iota(first.begin(), first.end(), 0);
  EXPECT_EQ(pick(std::vector<float>(300, 0.5f), 0.2f, 32), first);
}

TEST_F(PickBest, TiesAtTheEdgeAreLeftOutTogether) {
  std::vector<float> values(100, 0.5f);
  values[40] = 0.9f;
  values[99] = 0.8f;
  EXPECT_EQ(pick(values, 0.2f, 8), (Indices{40, 99}));
}

TEST_F(PickBest, WhatIsNoNumberIsNeverPicked) {
  EXPECT_EQ(pick({nan, 0.5f, nan, 0.6f}, 0.2f, 3), (Indices{1, 3}));
  EXPECT_EQ(pick({nan, 0.5f, 0.3f, 0.6f, nan}, 0.2f, 2), (Indices{1, 3}));
  EXPECT_EQ(pick({nan, nan}, 0.2f, 1), Indices());
  // Infinite values: one of them at least.
  const Indices found = pick({0.5f, inf, 0.3f, inf, 0.1f}, 0.2f, 2);
  EXPECT_FALSE(found.empty());
  EXPECT_LE(found.size(), 2u);
}

/// What is left out is no better than what is picked, but for 2^-20 of the range.
std::string wrong_picks(const std::vector<float>& values, float floor, std::size_t most, const std::vector<std::int32_t>& picked) {
  if (picked.size() > most) return "too many";
  if (picked.empty()) return "none";
  if (!std::is_sorted(picked.begin(), picked.end(), std::less_equal<>())) return "not ascending";
  std::vector<bool> is_picked(values.size());
  float least = inf;
  for (const std::int32_t i : picked) {
    is_picked[at(i)] = true;
    least = std::min(least, values[at(i)]);
    if (!(values[at(i)] > floor)) return "one that is not above the floor";
  }
  std::size_t above = 0;
  const float top = *std::max_element(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    above += values[i] > floor ? 1 : 0;
    if (!is_picked[i] && values[i] > least) return "a better one is left out";
  }
  // How many are within 2^-20 of the first one left out decides how many may be missing.
  std::vector<float> sorted = values;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  std::size_t wanted = std::min(most, above);
  if (above > most) {
    const float limit = sorted[most] + (top - floor) * 0x1p-19f;
    while (wanted > 1 && sorted[wanted - 1] <= limit) --wanted;
  }
  return picked.size() < wanted ? "too few" : "";
}

TEST_F(PickBest, RandomValues) {
  BellStream stream(5);
  for (const std::size_t count : {33u, 480u, 481u, 1000u, 2048u}) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(stream.next());
    EXPECT_EQ(wrong_picks(values, 0.1f, 32, pick_by<32, 32>(values, 0.1f, 32)), "") << count;
    for (const int most : {1, 5, 32, 33, 63, 64}) {
      const Indices found = pick_by<32>(values, 0.1f, most);
      EXPECT_EQ(wrong_picks(values, 0.1f, at(most), found), "") << count << ", " << most;
      EXPECT_EQ(wrong_picks(values, 0.1f, at(most), pick_by<128>(values, 0.1f, most)), "") << count << ", " << most;
      EXPECT_EQ(wrong_picks(values, 0.1f, at(most), pick_by<256>(values, 0.1f, most)), "") << count << ", " << most;
      // The comparator notices what is missing, out of place or no good.
      if (most != 5) continue;
      Indices wrong(found.begin(), found.end() - 1);
      EXPECT_EQ(wrong_picks(values, 0.1f, 5, wrong), "a better one is left out");
      wrong = {found.rbegin(), found.rend()};
      EXPECT_EQ(wrong_picks(values, 0.1f, 5, wrong), "not ascending");
      wrong = {static_cast<std::int32_t>(std::max_element(values.begin(), values.end()) - values.begin())};
      EXPECT_EQ(wrong_picks(values, 0.1f, 5, wrong), "too few");
    }
  }
}

}  // namespace
}  // namespace splice_cuda::testing

// What lanes of a group find out together: sums of several things at once, and places.

#include <cmath>
#include <random>

#include "cuda/kernel_problem.hpp"
#include "lane_group.hpp"

namespace splice_cuda::testing {
namespace {

template <int n>
struct SumsKernel {
  struct Args {
    const float* terms = nullptr;  ///< [32, n]
    float* each = nullptr;         ///< [n] by sum_each
    float* one = nullptr;          ///< [n] by sum
    int* written = nullptr;        ///< [n]
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "sums_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    struct Terms {
      float of[n];
    };
    typename Group::template PerLane<Terms> terms;
    typename Group::template PerLane<float> totals;
    group.each([&](int lane) {
      for (int i = 0; i < n; ++i) terms[lane].of[i] = args.terms[lane * n + i];
    });
    for (int i = 0; i < n; ++i) args.one[i] = group.template sum<float>([&](int lane) { return terms[lane].of[i]; });
    group.template sum_each<n>([&](int lane) { return terms[lane].of; }, totals);
    group.each([&](int lane) {
      const int i = cuda::sum_of_lane(lane, n);
      if (i < 0) return;
      args.each[i] = totals[lane];
      ++args.written[i];
    });
  }
};

template <int n>
struct HalvesKernel {
  struct Args {
    const float* terms = nullptr;  ///< [32, n]
    float* totals = nullptr;       ///< [32] by sum_each_half
    float* both = nullptr;         ///< [32, n] by add_other_half
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "halves_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    struct Terms {
      float of[n];
    };
    typename Group::template PerLane<Terms> terms;
    typename Group::template PerLane<float> totals;
    const auto read = [&] {
      group.each([&](int lane) {
        for (int i = 0; i < n; ++i) terms[lane].of[i] = args.terms[lane * n + i];
      });
    };
    read();
    group.template add_other_half<n>([&](int lane) { return terms[lane].of; });
    group.each([&](int lane) {
      for (int i = 0; i < n; ++i) args.both[lane * n + i] = terms[lane].of[i];
    });
    read();
    group.template sum_each_half<n>([&](int lane) { return terms[lane].of; }, totals);
    group.each([&](int lane) { args.totals[lane] = totals[lane]; });
  }
};

class Collectives : public WatchedKernels {
 protected:
  template <int n>
  void check_sums() {
    std::mt19937 random(n);
    std::normal_distribution<float> number;
    std::vector<float> terms(32 * n), each(n, NAN), one(n, NAN);
    std::vector<int> written(n);
    for (float& term : terms) term = number(random);
    device.launch<SumsKernel<n>>(1, {terms.data(), each.data(), one.data(), written.data()});
    EXPECT_EQ(each, one);
    EXPECT_EQ(written, std::vector<int>(n, 1));
  }
};

/// Whole numbers: sums have the same bits in any order.
TEST_F(Collectives, HalvesOfAWarp) {
  constexpr int n = 4;
  std::vector<float> terms(32 * n), totals(32, NAN), both(32 * n, NAN);
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i] = static_cast<float>((i * 37) % 101);
  device.launch<HalvesKernel<n>>(1, {terms.data(), totals.data(), both.data()});
  for (int lane = 0; lane < 32; ++lane) {
    float sum = 0;
    for (int other = lane / 16 * 16; other < lane / 16 * 16 + 16; ++other) sum += terms[at(other * n + lane % 16 * n / 16)];
    EXPECT_EQ(totals[at(lane)], sum) << lane;
    for (int i = 0; i < n; ++i) EXPECT_EQ(both[at(lane * n + i)], terms[at(lane * n + i)] + terms[at((lane ^ 16) * n + i)]);
  }
}

TEST_F(Collectives, SumsAtOnceHaveTheBitsOfSums) {
  check_sums<1>();
  check_sums<2>();
  check_sums<8>();
  check_sums<32>();
}

template <int lane_count>
struct PlaceKernel {
  struct Args {
    const float* values = nullptr;
    int count = 0;
    float bound = 0;
    int* place = nullptr;
  };
  struct Shared {};
  static constexpr int lanes = lane_count;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "place_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    const int place = group.template place_of_lowest<float>(
        args.count, [&](int k) { return args.values[k]; }, args.bound);
    group.once([&] { *args.place = place; });
  }
};

TEST_F(Collectives, TheLowestPlaceOfTheLowest) {
  const auto place_of = [&](const std::vector<float>& values, float bound) {
    int warp = -7;
    int block = -7;
    device.launch<PlaceKernel<32>>(1, {values.data(), static_cast<int>(values.size()), bound, &warp});
    device.launch<PlaceKernel<128>>(1, {values.data(), static_cast<int>(values.size()), bound, &block});
    EXPECT_EQ(warp, block);
    return warp;
  };
  EXPECT_EQ(place_of({}, 0), -1);
  EXPECT_EQ(place_of({0.5f, 0.0f, -0.0f}, 0), -1);
  EXPECT_EQ(place_of({3, -1, 2, -1}, 0), 1);
  EXPECT_EQ(place_of({NAN, -1, NAN}, 0), 1);
  std::vector<float> many(100, 2.0f);
  many[70] = many[38] = many[99] = -3;
  EXPECT_EQ(place_of(many, 0), 38);
  many[98] = -3.5f;
  EXPECT_EQ(place_of(many, 0), 98);
  EXPECT_EQ(place_of(many, -3.5f), -1);
}

}  // namespace
}  // namespace splice_cuda::testing

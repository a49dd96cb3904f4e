// What the kernel of targets is made of: the inverse of a Gram matrix that grows and shrinks, and the largest of many values.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cuda/kernel_problem.hpp"
#include "kernels/select_largest.hpp"
#include "kernels/support_inverse.hpp"
#include "support/bell_stream.hpp"

namespace splice_cuda::testing {
namespace {

/// Slots join with their numbers as atoms, or leave: -1 - s is slot s.
struct InverseKernel {
  struct Args {
    const double* gram = nullptr;  ///< [atoms, atoms]
    int atoms = 0;
    const std::vector<int>* steps = nullptr;
    std::vector<int>* slots = nullptr;
    double* cells = nullptr;
    double* scratch = nullptr;  ///< [3, atoms]
  };
  struct Shared {};
  static constexpr int lanes = 64;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "inverse_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    cuda::SupportInverse<Group> inverse(group, args.cells, args.atoms);
    auto g = group.array(args.scratch, args.atoms);
    auto u = group.array(args.scratch + args.atoms, args.atoms);
    auto kept = group.array(args.scratch + 2 * args.atoms, args.atoms);
    std::vector<int>& slots = *args.slots;
    for (const int step : *args.steps) {
      if (step < 0) {
        const int s = -1 - step;
        inverse.remove(s, kept);
        group.sync();
        slots[at(s)] = slots.back();
        slots.pop_back();
        continue;
      }
      const double* row = args.gram + step * args.atoms;
      group.each([&](int lane) {
        for (std::size_t s = at(lane); s < slots.size(); s += at(Group::size)) g[static_cast<std::int64_t>(s)] = row[slots[s]];
      });
      group.sync();
      inverse.multiply([&](int t) -> double { return g[t]; }, [&](int t) -> double { return 2 * static_cast<double>(g[t]); },
                       [&](int s, double product, double twice) {
                         EXPECT_EQ(twice, 2 * product);
                         u[s] = product;
                       });
      group.sync();
      double pivot = row[step];
      for (std::size_t s = 0; s < slots.size(); ++s) pivot -= g[static_cast<std::int64_t>(s)] * u[static_cast<std::int64_t>(s)];
      inverse.border([&](int s) -> double { return u[s]; }, pivot);
      group.sync();
      slots.push_back(step);
    }
    EXPECT_EQ(inverse.size(), static_cast<int>(slots.size()));
  }
};

class TargetParts : public WatchedKernels {};

TEST_F(TargetParts, AnInverseThatGrowsAndShrinks) {
  constexpr int atoms = 70;
  constexpr int dim = 90;
  BellStream stream(3);
  std::vector<double> rows(atoms * dim);
  for (double& value : rows) value = stream.next();
  std::vector<double> gram(atoms * atoms);
  for (int i = 0; i < atoms; ++i) {
    for (int k = 0; k < atoms; ++k) {
      const auto row = rows.begin() + i * dim;
      gram[at(i * atoms + k)] = std::inner_product(row, row + dim, rows.begin() + k * dim, 0.0);
    }
  }
  std::vector<int> steps(atoms);
  std::iota(steps.begin(), steps.end(), 0);
  for (const int leaving : {69, 0, 30, 66, 5}) steps.push_back(-1 - leaving);
  steps.push_back(30);
  std::vector<int> slots;
  std::vector<double> cells(atoms * atoms, NAN);
  std::vector<double> scratch(3 * atoms, NAN);
  device.launch<InverseKernel>(1, {gram.data(), atoms, &steps, &slots, cells.data(), scratch.data()});
  ASSERT_EQ(slots.size(), 66u);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    for (std::size_t k = 0; k < slots.size(); ++k) {
      double product = 0;
      for (std::size_t s = 0; s < slots.size(); ++s) product += cells[i * atoms + s] * gram[at(slots[s] * atoms + slots[k])];
      ASSERT_NEAR(product, i == k ? 1 : 0, 1e-9);
      ASSERT_EQ(cells[i * atoms + k], cells[k * atoms + i]);
    }
  }
}

struct SelectKernel {
  struct Args {
    const std::vector<double>* values = nullptr;
    double floor = 0;
    int least = 0;
    int most = 0;
    std::int32_t* places = nullptr;
    int* found = nullptr;
  };
  struct Shared {};
  static constexpr int lanes = 64;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "select_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    auto places = group.array(args.places, args.most);
    *args.found = cuda::select_largest(
        group, static_cast<int>(args.values->size()), args.floor, args.least, args.most,
        [&](int i) { return (*args.values)[at(i)]; },
        [&](int place, int i) { places[place] = i; });
  }
};

class SelectLargest : public WatchedKernels {
 protected:
  std::vector<std::int32_t> select(const std::vector<double>& values, double floor, int least, int most) {
    std::vector<std::int32_t> places(at(most), -77);
    int found = -1;
    device.launch<SelectKernel>(1, {&values, floor, least, most, places.data(), &found});
    places.resize(at(found));
    return places;
  }
};

TEST_F(SelectLargest, AllWhereTheyAreFew) {
  EXPECT_EQ(select({3, 1, 4, 1, 5}, 1, 2, 3), (std::vector<std::int32_t>{0, 2, 4}));
  EXPECT_EQ(select({3, 1, 4, 1, 5}, 5, 2, 3), (std::vector<std::int32_t>{}));
  EXPECT_EQ(select({}, 0, 2, 3), (std::vector<std::int32_t>{}));
}

TEST_F(SelectLargest, TheLargestOfMany) {
  BellStream stream(4);
  std::vector<double> values(1000);
  for (double& value : values) value = std::exp(8 * stream.next());
  const std::vector<std::int32_t> places = select(values, 0, 90, 100);
  EXPECT_GE(places.size(), 90u);
  EXPECT_LE(places.size(), 100u);
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
  double least = 1e300;
  for (const std::int32_t i : places) least = std::min(least, values[at(i)]);
  EXPECT_EQ(std::count_if(values.begin(), values.end(), [&](double value) { return value >= least; }),
            static_cast<std::ptrdiff_t>(places.size()));
}

TEST_F(SelectLargest, TheFirstOnesOfTies) {
  std::vector<std::int32_t> first(5);
  std::iota(first.begin(), first.end(), 0);
  EXPECT_EQ(select(std::vector<double>(300, 2.0), 0, 4, 5), first);
  // Fewer than `least` stand out: the others that tie do not come in.
  std::vector<double> values(300, 2.0);
  values[7] = values[200] = 3;
  EXPECT_EQ(select(values, 0, 4, 5), (std::vector<std::int32_t>{7, 200}));
}

}  // namespace
}  // namespace splice_cuda::testing

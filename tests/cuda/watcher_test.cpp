// The watcher itself: each kind of fault is reported of a tiny kernel that commits it, and none of one that doesn't.

#include <functional>

#include <gtest/gtest.h>

#include "cuda/emulation/watched.hpp"

namespace splice_cuda::emulation {
namespace {

enum class Fault : std::uint8_t {
  none,
  no_barrier_before_read,
  no_barrier_before_write,
  two_writes,
  write_by_all_lanes,
  write_by_a_warp,
  read_of_unwritten,
  index_too_large,
  index_negative,
  collective_in_a_phase,
  barrier_on_one_lane,
  barrier_of_a_warp,
  misaligned_load,
  misaligned_store,
};

template <int lane_count>
struct FaultyKernel {
  struct Args {
    Fault fault = Fault::none;
    int* global = nullptr;  ///< [lanes]
  };
  struct Shared {
    int values[lane_count];
    alignas(16) float numbers[8];
  };
  static constexpr int lanes = lane_count;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "faulty_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared& shared) {
    auto values = group.array(shared.values, lanes);
    auto global = group.array(args.global, lanes);
    const Fault fault = args.fault;
    if (fault != Fault::read_of_unwritten) group.each([&](int lane) { values[lane] = lane; });
    if (fault != Fault::no_barrier_before_read) group.sync();
    group.each([&](int lane) { global[lane] = values[lane] + values[lanes - 1 - lane]; });
    if (fault != Fault::no_barrier_before_write) group.sync();
    group.once([&] { values[lanes - 1] = 1; });
    group.sync();
    if (fault == Fault::two_writes) group.each([&](int lane) { values[lane / 2] = lane; });
    if (fault == Fault::write_by_all_lanes) values[0] = 2;
    if (fault == Fault::write_by_a_warp) group.warps([&](auto&, int index) { values[index] = 3; });
    if (fault == Fault::index_too_large) group.once([&] { values[lanes] = 4; });
    if (fault == Fault::index_negative) group.each([&](int lane) { global[lane] = values[-1]; });
    if (fault == Fault::collective_in_a_phase) {
      group.each([&](int) { group.template sum<int>([](int lane) { return lane; }); });
    }
    if (fault == Fault::barrier_on_one_lane) group.once([&] { group.sync(); });
    if (fault == Fault::barrier_of_a_warp) group.warps([](auto& warp, int) { warp.sync(); });
    auto numbers = group.array(shared.numbers, 8);
    group.once([&] {
      group.store4(numbers, 0, {});
      group.store4(numbers, fault == Fault::misaligned_store ? 1 : 4, {});
      group.store4(numbers, 4, group.load4(numbers, fault == Fault::misaligned_load ? 2 : 0));
    });
  }
};

template <int lanes>
Faults faults_of(Fault fault, LaneOrder order) {
  const Watched watched(order);
  std::vector<int> global(lanes);
  EmulatedDevice device(Device::cuda(0));
  device.launch<FaultyKernel<lanes>>(3, {fault, global.data()});
  return faults();
}

/// @param kind  what is reported; nothing else is
template <int lanes>
void expect_reported(Fault fault, std::int64_t Faults::*kind) {
  for (const LaneOrder order : {LaneOrder::ascending, LaneOrder::descending}) {
    const Faults found = faults_of<lanes>(fault, order);
    EXPECT_GT(found.*kind, 0) << "fault " << static_cast<int>(fault);
    EXPECT_EQ(found.total(), found.*kind) << "fault " << static_cast<int>(fault) << ": " << found.first;
    EXPECT_NE(found.first, "");
  }
}

template <int lanes>
void expect_each_fault_reported() {
  EXPECT_EQ(faults_of<lanes>(Fault::none, LaneOrder::ascending).total(), 0);
  EXPECT_EQ(faults_of<lanes>(Fault::none, LaneOrder::descending).total(), 0);
  for (const Fault race : {Fault::no_barrier_before_read, Fault::no_barrier_before_write, Fault::two_writes,
                           Fault::write_by_all_lanes, Fault::write_by_a_warp}) {
    expect_reported<lanes>(race, &Faults::races);
  }
  expect_reported<lanes>(Fault::read_of_unwritten, &Faults::unwritten_reads);
  expect_reported<lanes>(Fault::index_too_large, &Faults::out_of_bounds);
  expect_reported<lanes>(Fault::index_negative, &Faults::out_of_bounds);
  expect_reported<lanes>(Fault::misaligned_load, &Faults::misaligned_accesses);
  expect_reported<lanes>(Fault::misaligned_store, &Faults::misaligned_accesses);
  expect_reported<lanes>(Fault::collective_in_a_phase, &Faults::divergent_collectives);
  expect_reported<lanes>(Fault::barrier_on_one_lane, &Faults::divergent_collectives);
}

TEST(Watcher, ReportsEachFaultOfAWarp) { expect_each_fault_reported<32>(); }
TEST(Watcher, ReportsEachFaultOfABlock) {
  expect_each_fault_reported<96>();
  expect_reported<96>(Fault::barrier_of_a_warp, &Faults::divergent_collectives);
}

struct SumKernel {
  struct Args {
    float* sum = nullptr;
  };
  struct Shared {};
  static constexpr int lanes = 64;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "sum_kernel";
  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    // 2^24 + 1 is no float: which neighbours are added first decides.
    *args.sum = group.template sum<float>([](int lane) {
      return lane == 0 ? 0x1p24f : lane % 32 == 16 ? -0x1p24f : 1.0f;
    });
  }
};

TEST(Watcher, SumsAreAddedInTheOrderOfTheGpu) {
  float sum = 0;
  EmulatedDevice device(Device::cuda(0));
  device.launch<SumKernel>(1, {&sum});
  // Lanes 16 apart meet first: the large ones of the first warp cancel before anything is lost.
  EXPECT_EQ(sum, 30.0f + (-0x1p24f + 31.0f));
}

}  // namespace
}  // namespace splice_cuda::emulation

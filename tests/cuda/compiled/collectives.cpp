// What lanes of a warp do together: PTX ISA, "Parallel Synchronization and Communication Instructions" and "shfl.sync". The
// machine has waited for all of them.

#include <cstdint>

#include "cuda/compiled/functions.hpp"
#include "cuda/compiled/operations.hpp"

namespace splice_cuda::compiled {
namespace {

void check_members(const Step& step, const Lanes& members) {
  step.each([&](std::size_t lane) {
    if ((as<std::uint32_t>(members[lane]) & step.mask) != step.mask) step.fail("lanes that are not members take part");
  });
}

enum class Way { up, down, butterfly, index };

/// shfl.sync d|p, a, b, c, members: a of the lane that b says, in the segments that c says; p: whether there is one.
template <Way way>
void shuffle(Step& step) {
  check_members(step, step.from(3));
  const Lanes given = step.from(0);
  step.each([&](std::size_t l) {
    const auto lane = static_cast<std::uint32_t>(l);
    const std::uint32_t b = as<std::uint32_t>(step.from(1)[l]) & 31u;
    const std::uint32_t clamp = as<std::uint32_t>(step.from(2)[l]) & 31u;
    const std::uint32_t segment = as<std::uint32_t>(step.from(2)[l]) >> 8 & 31u;
    const std::uint32_t last = (lane & segment) | (clamp & ~segment);
    std::uint32_t source = 0;
    bool there = false;
    if constexpr (way == Way::up) {
      source = lane - b;
      there = lane >= b + last;
    } else {
      source = way == Way::down ? lane + b : way == Way::butterfly ? lane ^ b : (lane & segment) | (b & ~segment);
      there = source <= last;
    }
    if (!there) source = lane;
    if ((step.mask >> source & 1u) == 0) step.fail("shfl.sync: from lane " + std::to_string(source) + ", which has left");
    step.to()[l] = given[source] & all_of_warp;
    if (step.instruction.to.size() > 1) step.to(1)[l] = there ? 1 : 0;
  });
}

void ballot(Step& step) {
  check_members(step, step.from(1));
  std::uint32_t votes = 0;
  step.each([&](std::size_t lane) { votes |= step.from(0)[lane] != 0 ? 1u << lane : 0u; });
  step.each([&](std::size_t lane) { step.to()[lane] = votes; });
}

template <class T, class Combine>
void reduce(Step& step) {
  check_members(step, step.from(1));
  bool first = true;
  T total{};
  step.each([&](std::size_t lane) {
    const T own = as<T>(step.from(0)[lane]);
    total = first ? own : Combine{}(total, own);
    first = false;
  });
  step.each([&](std::size_t lane) { step.to()[lane] = bits_of(total); });
}

/// The machine does what there is to do; memory is one here, and in order.
void nothing(Step& /*step*/) {}

void trap(Step& step) { step.fail("trap"); }

}  // namespace

void add_collectives(Operations& operations) {
  operations["shfl.sync.up.b32"] = shuffle<Way::up>;
  operations["shfl.sync.down.b32"] = shuffle<Way::down>;
  operations["shfl.sync.bfly.b32"] = shuffle<Way::butterfly>;
  operations["shfl.sync.idx.b32"] = shuffle<Way::index>;
  operations["vote.sync.ballot.b32"] = ballot;
  operations["redux.sync.add.s32"] = reduce<std::int32_t, Plus>;
  operations["redux.sync.min.s32"] = reduce<std::int32_t, Least>;
  operations["redux.sync.max.s32"] = reduce<std::int32_t, Most>;
  operations["redux.sync.min.u32"] = reduce<std::uint32_t, Least>;
  operations["redux.sync.max.u32"] = reduce<std::uint32_t, Most>;
  for (const char* name : {"bar.sync", "bar.warp.sync", "membar.gl", "membar.cta", "fence.proxy.async.shared::cta",
                           "wgmma.fence.sync.aligned", "bra", "bra.uni", "call", "call.uni", "ret", "exit"}) {
    operations[name] = nothing;
  }
  operations["trap"] = trap;
}

}  // namespace splice_cuda::compiled

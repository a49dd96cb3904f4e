#pragma once

/// @file lane_group.hpp
/// What kernels are written over, so that one source runs on a GPU and, in the tests, on the host.
///
/// A kernel is a struct that works on one item (a row, say) with one group of lanes:
///
///     struct NormKernel {
///       struct Args { const float* rows; std::int64_t cols; double* norms; };
///       struct Shared {};                           // the group's shared memory
///       static constexpr int lanes = 32;            // 32: a warp an item; more: a block an item
///       static constexpr int groups_per_block = 4;  // 1 for blocks
///       static constexpr int resident_blocks = 4;   // if given: that a multiprocessor should hold at once
///       static constexpr const char* name = "norm_kernel";
///       static SPLICE_KERNEL std::int64_t present(const Args& args);  // if given: so many of a launch's items there are
///       template <class Group>
///       static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared& shared);
///     };
///
/// Where Args has an `ItemQueue* queue`, warps take the next item when they are done with one; else all take turns. A group's
/// index() is the same either way.
///
/// A group runs PHASES, and what is between them:
///
///   group.each(body)       body(lane) on every lane. Lanes run in no order: what one writes, another may read only after
///                          group.sync(). A lane's own variables that outlive a phase are a Group::PerLane<T>.
///   group.once(body)       body() on one lane.
///   group.sync()           a barrier; memory that the group wrote before it is seen after it.
///   group.keep_order()     no barrier for memory, but lanes of a warp go on together, and the compiler moves nothing across it.
///   group.sum<T>(term)     collectives: term(lane) of every lane, added up in a fixed order (or the largest, the
///   group.max<T>(term)     smallest); every lane gets the same bits. They are no barrier for memory.
///   group.min<T>(term)
///   group.positions(test, position)   position[lane] = how many lower lanes pass test(lane); returns how many pass.
///   group.broadcast(values, lane)     a PerLane's value on one lane.
///   group.place_of_lowest<T>(count, value, bound)   the least k < count with the lowest value(k) < bound; -1: there is
///                                     none. value(k), a T, by one lane each.
///   group.warps(body)      body(warp, index) on every warp of a block, each a group of 32 lanes of its own: collectives of the
///                          warp inside, no barriers. (A warp is its own only warp.)
///   group.array(pointer, count)       memory that lanes of the group share for writing (shared or global), as a
///                                     Group::Array<T>.
///   group.load4(array, index)         four floats of an array or of constant memory, the first at a multiple of 16 bytes,
///   group.store4(array, index, four)  and to an array.
///   Group::count_up(counter)          a std::int32_t of global memory, before it grows by one: by one lane, in whatever order
///                                     groups come.
///   Group::dot_bytes(a, b, sum)       sum + the products of four int8 numbers in each of two words.
///   Group::float_of(half)             a Float16 as float.
///   Group::half_of(value)             a float as Float16, to nearest, ties to even.
///   group.index()                     of the group among all that run at once: picks its scratch.
///   group.dynamic_memory()            shared memory beside Shared, aligned to 1,024 bytes, of as many bytes as the kernel's
///                                     `static std::size_t dynamic_bytes(const Args&)` asks for; undefined at first.
///
/// Copies that go on while lanes compute (compute capability 8.0 and later, as what follows):
///
///   group.copy_async(to, index, from, present)   16 bytes of global memory from `from` to to[index], to[index + 1], ... by
///                                                one lane, inside a phase; zeros where not `present`.
///   group.commit_copies()   what was copied since the last one becomes a batch.
///   group.wait_copies<n>()  all batches but the last n have arrived. Each lane has waited for its own copies only: a
///                           barrier has to follow before others read them. Until then nobody may touch what is copied to.
///
/// Products of int8 matrices by warps, in the layout of mma_layout.hpp (inside group.warps; the functors give a lane's
/// registers):
///
///   Group::has_tensor_products                   false where the device has none of this: nothing of it may be called.
///   Group::give_up()                             ends the launch with an error: a kernel that should not have been launched.
///   warp.load_matrices(chunks, at, registers)    registers(lane)[0..3] from the 16-byte rows chunks[at(lane)].
///   warp.multiply_add_s8(rows, columns, sums)    sums(lane)[0..3] += rows(lane)[0..3] columns(lane)[0..1]
///   warp.or_quads(word)                          word(lane), a std::uint32_t&, becomes the or of its four neighbours'.
///   Group::count_bits(word), Group::lowest_bit(word)   of a std::uint32_t, not 0 for the latter.
///
/// Products of int8 matrices by warpgroups, which go on while lanes compute (compute capability 9.0; of blocks, outside phases;
/// layout in warpgroup_layout.hpp):
///
///   Group::has_warpgroup_products    false where the code at hand has none of this: nothing of it may be called.
///   group.publish_to_products()      what lanes wrote and copies brought to shared memory will be seen by products: before the
///                                    barrier that they come after.
///   group.multiply_async<columns>(rows, row_at, columns, column_at, keep, sums)
///                                    one batch: sums(lane)[...] become, or increase by where `keep`, the product of 64 rows of
///                                    64 bytes and as many columns as given; those of warpgroup w begin at chunks
///                                    rows[row_at(w)] and columns[column_at(w)], both at multiples of 1,024 bytes.
///   group.wait_products<n, columns>(sums)   all batches but the last n of the lane's warpgroup are made. What they read may be
///                                    written after a barrier; sums are undefined until n is 0.
///
/// Code outside phases runs on all lanes alike, with values that are alike: arguments, results of collectives, elements
/// read after a barrier. So control flow can't diverge around a barrier by construction; a collective inside a phase
/// is an error that the host reports.
///
/// Inside group.warps:
///
///   warp.sum_each<n>(terms, totals)              n sums at once, n a power of two: totals[l] = the sum over all lanes of
///                                                terms(lane)[l n / 32], for the first of the 32 / n lanes that share it: see
///                                                sum_of_lane. The bits that sum() gives, in fewer exchanges; terms are lost.
///   warp.sum_each_half<n>(terms, totals)         the same of each half of the lanes for itself, n <= 16: totals[l] = the sum over the
///                                                half that lane l is of, of terms(lane)[l % 16 n / 16].
///   warp.add_other_half<n>(terms)                terms(lane)[i] += terms(lane ^ 16)[i] for i < n: both get the same bits.
///   warp.multiply_add_half(rows, columns, sums)  sums(lane)[0..3] += rows(lane)[0..3] columns(lane)[0..1]: products of float16
///                                                matrices, in float32 (layout in mma_layout.hpp).
///
/// On the host (tests/cuda/emulation) lanes run one after the other, and arrays check bounds, reads of what nobody wrote,
/// accesses of two lanes without a barrier between them, of what a copy has not brought yet, and of what a product still
/// reads or does not see. Copies and asynchronous products are made when the wait comes that covers them, so that one that
/// is missing is felt in the results, too.
///
/// Arithmetic: fma where it is written as fma, nowhere else (-fmad=false, -ffp-contract=off). So both sides give the same
/// bits, but for warp.multiply_add_half, whose rounding is the hardware's, and for the functions that CUDA does not round
/// correctly, none of which are used.

#ifdef __CUDACC__
#define SPLICE_KERNEL __device__ __forceinline__
// What several places call, as instructions have to be fetched, too, and what needs registers that its caller holds. Arguments
// by value, but for the group: an object whose address is taken does not stay in registers, nor does anything it refers to.
#define SPLICE_OUT_OF_LINE __device__ __noinline__
#define SPLICE_UNROLL _Pragma("unroll")
#define SPLICE_PRAGMA(text) _Pragma(#text)
#define SPLICE_UNROLL_BY(times) SPLICE_PRAGMA(unroll times)
#define SPLICE_NO_UNROLL _Pragma("unroll 1")
#define SPLICE_INLINED __attribute__((always_inline))  // for phases: a call would send registers to memory
#else
#define SPLICE_KERNEL inline
#define SPLICE_OUT_OF_LINE inline
#define SPLICE_UNROLL
#define SPLICE_UNROLL_BY(times)
#define SPLICE_NO_UNROLL
#define SPLICE_INLINED
#endif

namespace splice_cuda::cuda {

/// How far a launch has come with its items: zeros before it and after it. Launches that may run at the same time need one each.
struct ItemQueue {
  unsigned long long taken = 0;  ///< items, beside the first one of each group
  unsigned long long left = 0;   ///< groups that found no more of them
};

/// What load4 gives.
struct Four {
  float of[4];
};

/// Which of n sums a lane has after sum_each; -1: none.
constexpr int sum_of_lane(int lane, int n) { return lane % (32 / n) == 0 ? lane / (32 / n) : -1; }

}  // namespace splice_cuda::cuda

#pragma once

/// @file cuda_group.cuh
/// The lane group of lane_group.hpp on a GPU: a warp, or a whole block.

#include <cstdint>
#include <type_traits>

#include "lane_group.hpp"
#include "mma_layout.hpp"
#include "splice_cuda/matrix_view.hpp"
#include "warpgroup_products.cuh"

namespace splice_cuda::cuda {

inline constexpr unsigned all_lanes = 0xFFFFFFFFu;

struct Add {
  template <class T>
  SPLICE_KERNEL T operator()(T a, T b) const {
    return a + b;
  }
};
struct Largest {
  template <class T>
  SPLICE_KERNEL T operator()(T a, T b) const {
    return b > a ? b : a;
  }
};
struct Smallest {
  template <class T>
  SPLICE_KERNEL T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};

/// Exchange between the warps of a block: a value of up to 8 bytes a warp.
struct GroupScratch {
  unsigned long long values[32];
};

/// Asynchronous copies, reductions of a warp's integers and int8 products of 16 x 8 x 32 came with compute capability 8.0. The
/// host pass sees what is not compiled in it anyway.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
inline constexpr bool compiled_for_tensor_products = false;
#else
inline constexpr bool compiled_for_tensor_products = true;
#endif

template <int lane_count>
class CudaGroup {
 public:
  static constexpr int size = lane_count;
  static constexpr int warp_count = lane_count / 32;
  static constexpr bool has_tensor_products = compiled_for_tensor_products;
  static constexpr bool has_warpgroup_products = compiled_for_warpgroup_products;
  static_assert(lane_count >= 32 && lane_count % 32 == 0 && lane_count <= 1024);

  template <class T>
  class PerLane {
   public:
    SPLICE_KERNEL T& operator[](int) { return value_; }
    SPLICE_KERNEL const T& operator[](int) const { return value_; }

   private:
    T value_;
  };

  template <class T>
  using Array = T*;

  SPLICE_KERNEL CudaGroup(GroupScratch* scratch, std::int64_t index) : scratch_(scratch), index_(index) {}

  template <class Body>
  SPLICE_KERNEL void each(Body body) {
    body(lane());
  }

  template <class Body>
  SPLICE_KERNEL void once(Body body) {
    if (lane() == 0) body();
  }

  template <class Body>
  SPLICE_KERNEL void warps(Body body) {
    CudaGroup<32> warp(scratch_, index_);
    body(warp, lane() / 32);
  }

  SPLICE_KERNEL void sync() {
    if constexpr (lane_count == 32) {
      __syncwarp();
    } else {
      __syncthreads();
    }
  }

  SPLICE_KERNEL void keep_order() { __syncwarp(); }

  template <class T, class Term>
  SPLICE_KERNEL T sum(Term term) {
    return reduce<T>(term(lane()), Add{});
  }
  template <class T, class Term>
  SPLICE_KERNEL T max(Term term) {
    return reduce<T>(term(lane()), Largest{});
  }
  template <class T, class Term>
  SPLICE_KERNEL T min(Term term) {
    return reduce<T>(term(lane()), Smallest{});
  }

  template <class Test>
  SPLICE_KERNEL int positions(Test test, PerLane<int>& position) {
    const bool passes = test(lane());
    const unsigned ballot = __ballot_sync(all_lanes, passes);
    const int below = __popc(ballot & ((1u << (threadIdx.x & 31u)) - 1u));
    if constexpr (lane_count == 32) {
      position[0] = below;
      return __popc(ballot);
    } else {
      __syncthreads();
      if ((threadIdx.x & 31u) == 0) scratch_->values[threadIdx.x / 32] = static_cast<unsigned>(__popc(ballot));
      __syncthreads();
      int before = 0;
      int total = 0;
      for (int warp = 0; warp < lane_count / 32; ++warp) {
        if (warp == static_cast<int>(threadIdx.x / 32)) before = total;
        total += static_cast<int>(scratch_->values[warp]);
      }
      position[0] = before + below;
      return total;
    }
  }

  template <class T>
  SPLICE_KERNEL T broadcast(PerLane<T>& values, int source) {
    if constexpr (lane_count == 32) {
      return __shfl_sync(all_lanes, values[0], source);
    } else {
      static_assert(sizeof(T) <= 8);
      __syncthreads();
      if (lane() == source) *reinterpret_cast<T*>(scratch_->values) = values[0];
      __syncthreads();
      return *reinterpret_cast<const T*>(scratch_->values);
    }
  }

  template <class T, class Value>
  SPLICE_KERNEL int place_of_lowest(int count, Value value, T bound) {
    constexpr int nowhere = 0x7fffffff;
    T lowest = bound;
    int place = nowhere;
    SPLICE_NO_UNROLL
    for (int k = lane(); k < count; k += lane_count) {
      const T found = value(k);
      if (!(found < lowest)) continue;
      lowest = found;
      place = k;
    }
    const T least = least_of(lowest);
    if (!(least < bound)) return -1;
    return reduce<int>(lowest == least ? place : nowhere, Smallest{});
  }

  SPLICE_KERNEL void store4(float* array, std::int64_t index, const Four& four) {
    *reinterpret_cast<float4*>(array + index) = make_float4(four.of[0], four.of[1], four.of[2], four.of[3]);
  }

  SPLICE_KERNEL Four load4(const float* array, std::int64_t index) {
    const float4 four = *reinterpret_cast<const float4*>(array + index);
    return {{four.x, four.y, four.z, four.w}};
  }

  template <class T>
  SPLICE_KERNEL Array<T> array(T* pointer, std::int64_t) {
    return pointer;
  }

  SPLICE_KERNEL std::int64_t index() const { return index_; }

  SPLICE_KERNEL unsigned char* dynamic_memory() {
    extern __shared__ __align__(1024) unsigned char splice_dynamic_memory[];
    return splice_dynamic_memory;
  }

  // PTX ISA, "cp.async": with a source size of 0 it reads nothing and writes zeros. `.cg` passes the first-level cache by.
  template <class T>
  SPLICE_KERNEL void copy_async(Array<T> to, int index, const T* from, bool present) {
    const int bytes = present ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to + index)), "l"(from), "r"(bytes)
                 : "memory");
  }
  SPLICE_KERNEL void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
  template <int but>
  SPLICE_KERNEL void wait_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(but) : "memory");
  }

  // PTX ISA, "ldmatrix".
  template <class At, class Registers>
  SPLICE_KERNEL void load_matrices(Array<Chunk> chunks, At at, Registers registers) {
    static_assert(lane_count == 32);
    std::uint32_t* to = registers(lane());
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(shared_address(chunks + at(lane())))
                 : "memory");
  }

  // PTX ISA, "mma.sync.aligned.m16n8k32".
  template <class Rows, class Columns, class Sums>
  SPLICE_KERNEL void multiply_add_s8(Rows rows, Columns columns, Sums sums) {
    static_assert(lane_count == 32);
    const std::uint32_t* a = rows(lane());
    const std::uint32_t* b = columns(lane());
    std::int32_t* c = sums(lane());
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }

  SPLICE_KERNEL void publish_to_products() { fence_for_products(); }

  template <int column_count, class RowAt, class ColumnAt, class Sums>
  SPLICE_KERNEL void multiply_async(Array<Chunk> rows, RowAt row_at, Array<Chunk> columns, ColumnAt column_at, bool keep,
                                    Sums sums) {
    static_assert(lane_count % warpgroup_lanes == 0);
    const int warpgroup = lane() / warpgroup_lanes;
    std::uint64_t a = matrix_descriptor(shared_address(rows + row_at(warpgroup)));
    std::uint64_t b = matrix_descriptor(shared_address(columns + column_at(warpgroup)));
    std::int32_t* c = sums(lane());
    hold_registers<warpgroup_sums(column_count)>(c);
    fence_sums();
    multiply_warpgroup<column_count>(c, a, b, keep);
    multiply_warpgroup<column_count>(c, a + descriptor_step, b + descriptor_step, true);
    commit_products();
  }

  template <int but, int column_count, class Sums>
  SPLICE_KERNEL void wait_products(Sums sums) {
    await_products<but>();
    hold_registers<warpgroup_sums(column_count)>(sums(lane()));
  }

  // PTX ISA, "mma.sync.aligned.m16n8k16" (compute capability 8.0 and later), and "m16n8k8": its two halves.
  template <class Rows, class Columns, class Sums>
  SPLICE_KERNEL void multiply_add_half(Rows rows, Columns columns, Sums sums) {
    static_assert(lane_count == 32);
    const std::uint32_t* a = rows(lane());
    const std::uint32_t* b = columns(lane());
    float* c = sums(lane());
    if constexpr (has_tensor_products) {
      asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    } else {
      SPLICE_UNROLL
      for (int half = 0; half < 2; ++half) {
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[2 * half]), "r"(a[2 * half + 1]), "r"(b[half]));
      }
    }
  }

  // A lane keeps the half of its terms that a bit of its number says, and gives the other half to the lane without that bit.
  template <int n, class Terms, class T>
  SPLICE_KERNEL void sum_each(Terms terms, PerLane<T>& totals) {
    static_assert(lane_count == 32 && n >= 1 && n <= 32 && (n & (n - 1)) == 0);
    totals[0] = sum_halves<n, 16, T>(terms(lane()));
  }

  template <int n, class Terms, class T>
  SPLICE_KERNEL void sum_each_half(Terms terms, PerLane<T>& totals) {
    static_assert(lane_count == 32 && n >= 1 && n <= 16 && (n & (n - 1)) == 0);
    totals[0] = sum_halves<n, 8, T>(terms(lane()));
  }

  template <int n, class Terms>
  SPLICE_KERNEL void add_other_half(Terms terms) {
    static_assert(lane_count == 32);
    auto* own = terms(lane());
    SPLICE_UNROLL
    for (int i = 0; i < n; ++i) own[i] += __shfl_xor_sync(all_lanes, own[i], 16);
  }

  template <class Word>
  SPLICE_KERNEL void or_quads(Word word) {
    static_assert(lane_count == 32);
    std::uint32_t& own = word(lane());
    own |= __shfl_xor_sync(all_lanes, own, 1);
    own |= __shfl_xor_sync(all_lanes, own, 2);
  }

  static SPLICE_KERNEL void give_up() { __trap(); }
  static SPLICE_KERNEL std::int32_t dot_bytes(std::uint32_t a, std::uint32_t b, std::int32_t sum) {
    return __dp4a(static_cast<int>(a), static_cast<int>(b), sum);
  }
  static SPLICE_KERNEL std::int32_t count_up(std::int32_t* counter) { return atomicAdd(counter, 1); }
  static SPLICE_KERNEL float float_of(Float16 half) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(half.bits));
    return value;
  }
  static SPLICE_KERNEL Float16 half_of(float value) {
    Float16 half;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half.bits) : "f"(value));
    return half;
  }
  static SPLICE_KERNEL int count_bits(std::uint32_t word) { return __popc(word); }
  static SPLICE_KERNEL int lowest_bit(std::uint32_t word) { return __ffs(static_cast<int>(word)) - 1; }

 private:
  template <int n, int offset, class T>
  SPLICE_KERNEL T sum_halves(T* terms) {
    if constexpr (offset == 0) {
      return terms[0];
    } else if constexpr (n == 1) {
      terms[0] += __shfl_xor_sync(all_lanes, terms[0], offset);
      return sum_halves<1, offset / 2>(terms);
    } else {
      const bool upper = (lane() & offset) != 0;
      SPLICE_UNROLL
      for (int i = 0; i < n / 2; ++i) {
        const T kept = upper ? terms[i + n / 2] : terms[i];
        const T given = upper ? terms[i] : terms[i + n / 2];
        terms[i] = kept + __shfl_xor_sync(all_lanes, given, offset);
      }
      return sum_halves<n / 2, offset / 2>(terms);
    }
  }

  /// The least of all lanes' numbers, none of which is NaN: of a warp by integers that are ordered as they are.
  template <class T>
  SPLICE_KERNEL T least_of(T value) {
    if constexpr (lane_count == 32 && std::is_same_v<T, float> && has_tensor_products) {
      const unsigned bits = __float_as_uint(value);
      unsigned least;
      asm volatile("redux.sync.min.u32 %0, %1, %2;" : "=r"(least) : "r"(bits ^ ((bits >> 31) != 0 ? ~0u : 1u << 31)), "r"(all_lanes));
      return __uint_as_float(least ^ ((least >> 31) != 0 ? 1u << 31 : ~0u));
    } else {
      return reduce<T>(value, Smallest{});
    }
  }

  // PTX ISA, "redux.sync" (compute capability 8.0 and later). Volatile, as all that lanes do together: it may not move into a
  // branch that some of them do not take.
  static SPLICE_KERNEL int reduce_int(int value, Add) {
    int total;
    asm volatile("redux.sync.add.s32 %0, %1, %2;" : "=r"(total) : "r"(value), "r"(all_lanes));
    return total;
  }
  static SPLICE_KERNEL int reduce_int(int value, Largest) {
    int most;
    asm volatile("redux.sync.max.s32 %0, %1, %2;" : "=r"(most) : "r"(value), "r"(all_lanes));
    return most;
  }
  static SPLICE_KERNEL int reduce_int(int value, Smallest) {
    int least;
    asm volatile("redux.sync.min.s32 %0, %1, %2;" : "=r"(least) : "r"(value), "r"(all_lanes));
    return least;
  }

  static SPLICE_KERNEL unsigned shared_address(const void* pointer) {
    return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
  }
  SPLICE_KERNEL int lane() const { return static_cast<int>(threadIdx.x) & (lane_count == 32 ? 31 : 1023); }

  template <class T, class Combine>
  SPLICE_KERNEL T reduce(T value, Combine combine) {
    static_assert(sizeof(T) <= 8);
    if constexpr (std::is_same_v<T, int> && has_tensor_products) {
      value = reduce_int(value, combine);
    } else {
      for (int offset = 16; offset > 0; offset /= 2) value = combine(value, __shfl_xor_sync(all_lanes, value, offset));
    }
    if constexpr (lane_count == 32) {
      return value;
    } else {
      __syncthreads();
      if ((threadIdx.x & 31u) == 0) *reinterpret_cast<T*>(&scratch_->values[threadIdx.x / 32]) = value;
      __syncthreads();
      T total = *reinterpret_cast<const T*>(&scratch_->values[0]);
      for (int warp = 1; warp < lane_count / 32; ++warp) {
        total = combine(total, *reinterpret_cast<const T*>(&scratch_->values[warp]));
      }
      return total;
    }
  }

  GroupScratch* scratch_;
  std::int64_t index_;
};

}  // namespace splice_cuda::cuda

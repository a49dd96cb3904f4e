#pragma once

/// @file cuda_group.cuh
/// The lane group of lane_group.hpp on a GPU: a warp, or a whole block.

#include <cstdint>

#include "lane_group.hpp"

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

template <int lane_count>
class CudaGroup {
 public:
  static constexpr int size = lane_count;
  static constexpr int warp_count = lane_count / 32;
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

  SPLICE_KERNEL Four load4(const float* array, std::int64_t index) {
    const float4 four = *reinterpret_cast<const float4*>(array + index);
    return {{four.x, four.y, four.z, four.w}};
  }

  template <class T>
  SPLICE_KERNEL Array<T> array(T* pointer, std::int64_t) {
    return pointer;
  }

  SPLICE_KERNEL std::int64_t index() const { return index_; }

 private:
  SPLICE_KERNEL int lane() const { return static_cast<int>(threadIdx.x) & (lane_count == 32 ? 31 : 1023); }

  template <class T, class Combine>
  SPLICE_KERNEL T reduce(T value, Combine combine) {
    static_assert(sizeof(T) <= 8);
    for (int offset = 16; offset > 0; offset /= 2) value = combine(value, __shfl_xor_sync(all_lanes, value, offset));
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

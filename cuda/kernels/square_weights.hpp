#pragma once

/// @file square_weights.hpp
/// Between the two products of a power iteration: C~'C~ v = sum_j (c_j.v / a_j^2) c_j.

#include <cstdint>

#include "kernels/views.hpp"
#include "lane_group.hpp"

namespace splice_cuda::cuda {

/// Item: 256 atoms, one a lane.
struct SquareWeightsKernel {
  struct Args {
    ProblemView problem;
    std::int64_t size = 0;
    float* products = nullptr;  ///< [size]
  };
  struct Shared {};
  static constexpr int lanes = 256;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "square_weights_kernel";

  template <class Group>
  static SPLICE_KERNEL void run(Group& group, std::int64_t item, const Args& args, Shared&) {
    group.each([&](int lane) {
      const std::int64_t j = item * Group::size + lane;
      if (j >= args.size) return;
      const float inverse = args.problem.solver_inverse[j];
      args.products[j] *= inverse * inverse;
    });
  }
};

}  // namespace splice_cuda::cuda

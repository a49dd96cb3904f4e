#pragma once

/// @file load.hpp
/// Elements of the three input types as float, without error.

#include <cstdint>

#include "core/half.hpp"
#include "lane_group.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cuda {

SPLICE_KERNEL float load_element(const void* data, DType dtype, std::int64_t index) {
  switch (dtype) {
    case DType::float16: return to_float(static_cast<const Float16*>(data)[index]);
    case DType::bfloat16: return to_float(static_cast<const BFloat16*>(data)[index]);
    case DType::float32: break;
  }
  return static_cast<const float*>(data)[index];
}

}  // namespace splice_cuda::cuda

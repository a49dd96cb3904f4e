#pragma once

/// @file load.hpp
/// Elements of the three input types as float, without error.

#include <cstdint>

#include "core/half.hpp"
#include "lane_group.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cuda {

SPLICE_KERNEL float as_float(float value) { return value; }
SPLICE_KERNEL float as_float(Float16 value) { return to_float(value); }
SPLICE_KERNEL float as_float(BFloat16 value) { return to_float(value); }

/// use(elements) with `data` as what it is: a pointer to float, Float16 or BFloat16, whose elements as_float takes.
template <class Use>
SPLICE_KERNEL void with_elements(const void* data, DType dtype, Use use) {
  switch (dtype) {
    case DType::float16: return use(static_cast<const Float16*>(data));
    case DType::bfloat16: return use(static_cast<const BFloat16*>(data));
    case DType::float32: break;
  }
  use(static_cast<const float*>(data));
}

SPLICE_KERNEL float load_element(const void* data, DType dtype, std::int64_t index) {
  float value = 0;
  with_elements(data, dtype, [&](const auto* elements) { value = as_float(elements[index]); });
  return value;
}

}  // namespace splice_cuda::cuda

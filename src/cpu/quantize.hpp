#pragma once

/// @file quantize.hpp
/// int8 copies of residuals, with what the copy lost: the row's side of the screening bound.

#include <cstdint>

namespace splice_cuda::cpu {

/// r^ = scale * q. `error` bounds |r - r^| from above, `norm` bounds |r^|.
struct QuantizedRow {
  float scale = 0;
  float error = 0;
  float norm = 0;
  std::int32_t sum = 0;  ///< of the entries of q
};

/// A residual as a screening knows it, r^ = scale q + fine_scale fine_q: the int8 copy that was screened and, once the list
/// has been brought to a later residual, the copy of the movement until then.
struct QuantizedPoint {
  const std::int8_t* q = nullptr;       ///< [ld]
  float scale = 0;
  const std::int8_t* fine_q = nullptr;  ///< [ld]
  float fine_scale = 0;
};

/// @param r   [size], finite; size is a multiple of 64
/// @param q   [size], written
QuantizedRow quantize_row(const float* r, std::int64_t size, std::int8_t* q);

}  // namespace splice_cuda::cpu

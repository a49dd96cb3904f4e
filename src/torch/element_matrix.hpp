#pragma once

/// @file element_matrix.hpp
/// Matrices of the four types that tensors come in, read and written as fp64 rows.

#include <cstdint>
#include <cstring>

#include "core/half.hpp"
#include "core/typed_rows.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::op {

enum class Element : std::uint8_t { float16, bfloat16, float32, float64 };

/// Row-major [rows, cols], rows ld elements apart. Not owned.
template <class Data>
struct BasicElementMatrix {
  Data* data = nullptr;
  Element type = Element::float32;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t ld = 0;
};
using ElementMatrix = BasicElementMatrix<const void>;
using MutableElementMatrix = BasicElementMatrix<void>;

/// For the types that the core library knows: all but float64.
inline DType dtype_of(Element type) noexcept {
  return type == Element::float16    ? DType::float16
         : type == Element::bfloat16 ? DType::bfloat16
                                     : DType::float32;
}

inline TypedMatrixView typed_view(const ElementMatrix& matrix) noexcept {
  return {matrix.data, dtype_of(matrix.type), matrix.rows, matrix.cols, matrix.ld};
}

/// Row i, exactly.
inline void read_row(const ElementMatrix& matrix, std::int64_t row, double* out) {
  if (matrix.type != Element::float64) return convert_row(typed_view(matrix), row, out);
  const double* source = static_cast<const double*>(matrix.data) + row * matrix.ld;
  std::memcpy(out, source, static_cast<std::size_t>(matrix.cols) * sizeof(double));
}

/// Row i, rounded to nearest: by way of float32 where the type has 16 bits.
template <class Real>
void write_row(const MutableElementMatrix& matrix, std::int64_t row, const Real* values) {
  const auto store = [&]<class T>(T*, auto&& convert) {
    T* out = static_cast<T*>(matrix.data) + row * matrix.ld;
    for (std::int64_t k = 0; k < matrix.cols; ++k) out[k] = convert(values[k]);
  };
  switch (matrix.type) {
    case Element::float16:
      return store(static_cast<Float16*>(nullptr), [](Real v) { return to_float16(static_cast<float>(v)); });
    case Element::bfloat16:
      return store(static_cast<BFloat16*>(nullptr),
                   [](Real v) { return to_bfloat16(static_cast<float>(v)); });
    case Element::float32:
      return store(static_cast<float*>(nullptr), [](Real v) { return static_cast<float>(v); });
    case Element::float64:
      return store(static_cast<double*>(nullptr), [](Real v) { return static_cast<double>(v); });
  }
}

}  // namespace splice_cuda::op

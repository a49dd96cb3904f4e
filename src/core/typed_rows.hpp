#pragma once

/// @file typed_rows.hpp
/// Rows of matrices whose element type is known at run time.

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/half.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// body(T{}) with T the element type.
template <class Body>
decltype(auto) with_element_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::float16: return body(Float16{});
    case DType::bfloat16: return body(BFloat16{});
    case DType::float32: break;
  }
  return body(float{});
}

constexpr float to_float(float value) noexcept { return value; }

constexpr std::uint32_t bits_of(float value) noexcept { return std::bit_cast<std::uint32_t>(value); }
constexpr std::uint32_t bits_of(Float16 value) noexcept { return value.bits; }
constexpr std::uint32_t bits_of(BFloat16 value) noexcept { return value.bits; }

/// The same element with 0 in place of -0.
constexpr float without_negative_zero(float value) noexcept { return value + 0.0f; }
constexpr Float16 without_negative_zero(Float16 value) noexcept {
  return value.bits == 0x8000u ? Float16{0} : value;
}
constexpr BFloat16 without_negative_zero(BFloat16 value) noexcept {
  return value.bits == 0x8000u ? BFloat16{0} : value;
}

template <class T>
const T* row_of(const TypedMatrixView& matrix, std::int64_t row) noexcept {
  return static_cast<const T*>(matrix.data) + row * matrix.ld;
}

/// Element k of a row that need not be aligned to its elements: whose owner says what it is.
template <class T>
T element(const T* row, std::int64_t k) noexcept {
  T value;
  std::memcpy(&value, reinterpret_cast<const unsigned char*>(row) + k * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

/// A row, converted without error to float or double: out[0 .. cols).
template <class Out>
void convert_row(const TypedMatrixView& matrix, std::int64_t row, Out* out) {
  with_element_type(matrix.dtype, [&]<class T>(T) {
    const T* source = row_of<T>(matrix, row);
    for (std::int64_t k = 0; k < matrix.cols; ++k) out[k] = static_cast<Out>(to_float(element(source, k)));
  });
}

/// Whether none of `size` elements is NaN or infinite.
template <class T>
bool all_finite(const T* values, std::int64_t size) noexcept {
  constexpr std::uint32_t exponent = dtype_of<T>() == DType::float32   ? 0x7F800000u
                                     : dtype_of<T>() == DType::float16 ? 0x7C00u
                                                                       : 0x7F80u;
  bool found = false;
  for (std::int64_t k = 0; k < size; ++k) found |= (bits_of(element(values, k)) & exponent) == exponent;
  return !found;
}

/// The first row with a NaN or an infinity; `rows` where there is none.
inline std::int64_t first_non_finite_row(const TypedMatrixView& matrix) noexcept {
  return with_element_type(matrix.dtype, [&]<class T>(T) {
    std::int64_t row = 0;
    while (row < matrix.rows && all_finite(row_of<T>(matrix, row), matrix.cols)) ++row;
    return row;
  });
}

/// Three-way comparison of two rows, -0 equal to 0: an order, though not that of the numbers.
inline int compare_rows(const TypedMatrixView& matrix, std::int64_t a, std::int64_t b) noexcept {
  return with_element_type(matrix.dtype, [&]<class T>(T) {
    const T* x = row_of<T>(matrix, a);
    const T* y = row_of<T>(matrix, b);
    for (std::int64_t k = 0; k < matrix.cols; ++k) {
      const std::uint32_t left = bits_of(without_negative_zero(element(x, k)));
      const std::uint32_t right = bits_of(without_negative_zero(element(y, k)));
      if (left != right) return left < right ? -1 : 1;
    }
    return 0;
  });
}

}  // namespace splice_cuda

#pragma once

/// @file matrix_view.hpp
/// Non-owning, row-major views with shape, leading dimension and device.

#include <cstdint>
#include <type_traits>

#include "splice_cuda/device.hpp"

namespace splice_cuda {

/// Storage types of half-precision input: bit patterns, no arithmetic.
struct Float16 {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

enum class DType : std::uint8_t { float32, float16, bfloat16 };

constexpr const char* to_string(DType dtype) noexcept {
  return dtype == DType::float32 ? "float32" : dtype == DType::float16 ? "float16" : "bfloat16";
}

template <class T>
inline constexpr bool is_embedding_type = std::is_same_v<std::remove_const_t<T>, float> ||
                                          std::is_same_v<std::remove_const_t<T>, Float16> ||
                                          std::is_same_v<std::remove_const_t<T>, BFloat16>;

template <class T>
constexpr DType dtype_of() noexcept {
  static_assert(is_embedding_type<T>, "float, Float16 or BFloat16");
  if constexpr (std::is_same_v<std::remove_const_t<T>, Float16>) return DType::float16;
  if constexpr (std::is_same_v<std::remove_const_t<T>, BFloat16>) return DType::bfloat16;
  return DType::float32;
}

/// Row-major matrix [rows, cols]; element (i, j) lies at data[i * ld + j]. `ld` counts elements and is
/// at least `cols`. The view does not own its memory.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t ld = 0;
  Device device = Device::cpu();

  constexpr MatrixView() = default;
  constexpr MatrixView(T* data_, std::int64_t rows_, std::int64_t cols_) noexcept
      : MatrixView(data_, rows_, cols_, cols_) {}
  constexpr MatrixView(T* data_, std::int64_t rows_, std::int64_t cols_, std::int64_t ld_,
                       Device device_ = Device::cpu()) noexcept
      : data(data_), rows(rows_), cols(cols_), ld(ld_), device(device_) {}
  /// A view of mutable elements is a view of constant ones.
  template <class U>
    requires(std::is_same_v<const U, T> && !std::is_same_v<U, T>)
  constexpr MatrixView(const MatrixView<U>& other) noexcept
      : MatrixView(other.data, other.rows, other.cols, other.ld, other.device) {}

  constexpr T* row(std::int64_t i) const noexcept { return data + i * ld; }
  constexpr MatrixView slice(std::int64_t first, std::int64_t count) const noexcept {
    return {data + first * ld, count, cols, ld, device};
  }
};

/// Contiguous vector of `size` elements.
template <class T>
struct VectorView {
  T* data = nullptr;
  std::int64_t size = 0;
  Device device = Device::cpu();

  constexpr T& operator[](std::int64_t i) const noexcept { return data[i]; }
  constexpr bool empty() const noexcept { return size == 0; }
};

/// A matrix whose element type is known at run time: embeddings, or atoms. Converts from a MatrixView of float,
/// Float16 or BFloat16.
struct TypedMatrixView {
  const void* data = nullptr;
  DType dtype = DType::float32;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t ld = 0;
  Device device = Device::cpu();

  constexpr TypedMatrixView() = default;
  constexpr TypedMatrixView(const void* data_, DType dtype_, std::int64_t rows_, std::int64_t cols_, std::int64_t ld_,
                            Device device_ = Device::cpu()) noexcept
      : data(data_), dtype(dtype_), rows(rows_), cols(cols_), ld(ld_), device(device_) {}
  template <class T>
    requires is_embedding_type<T>
  constexpr TypedMatrixView(const T* data_, std::int64_t rows_, std::int64_t cols_) noexcept
      : TypedMatrixView(data_, dtype_of<T>(), rows_, cols_, cols_) {}
  template <class T>
    requires is_embedding_type<T>
  constexpr TypedMatrixView(const MatrixView<T>& view) noexcept
      : TypedMatrixView(view.data, dtype_of<T>(), view.rows, view.cols, view.ld, view.device) {}

  constexpr std::int64_t element_size() const noexcept { return dtype == DType::float32 ? 4 : 2; }
  constexpr TypedMatrixView slice(std::int64_t first, std::int64_t count) const noexcept {
    TypedMatrixView part = *this;
    part.data = static_cast<const unsigned char*>(data) + first * ld * element_size();
    part.rows = count;
    return part;
  }
  /// The elements as what they are; a view without rows where T is not their type.
  template <class T>
    requires is_embedding_type<T>
  MatrixView<const T> as() const noexcept {
    if (dtype != dtype_of<T>()) return {nullptr, 0, cols, ld, device};
    return {static_cast<const T*>(data), rows, cols, ld, device};
  }
};

/// What `decompose` takes.
using EmbeddingsView = TypedMatrixView;

}  // namespace splice_cuda

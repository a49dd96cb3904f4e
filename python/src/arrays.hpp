#pragma once

/// @file arrays.hpp
/// Arrays of Python (numpy, DLPack) as views, and vectors as arrays.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/ndarray.h>

#include "bindings.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::python {

/// A matrix that is only read, of any type and device. As an argument it lives as long as the call.
using Rows = nb::ndarray<nb::ro, nb::ndim<2>>;
/// A matrix on the host that is written.
using Out = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
/// A matrix of float32 on the host that is only read.
using Matrix = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using List = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// @param bfloat16  elements are uint16 that hold the bits of bfloat16, for which neither numpy nor its buffers have a type
/// @throws ArgumentError for other types than float32, float16 and bfloat16, rows that are not contiguous, devices that the
/// library does not know
TypedMatrixView rows_view(const Rows& rows, bool bfloat16, const char* argument);
MatrixView<float> out_view(const Out& out);
/// "float32", "float16", "bfloat16". @throws ArgumentError
DType dtype_named(const char* argument, const std::string& name);

template <class T>
std::vector<T> vector_of(const List<T>& list) {
  return std::vector<T>(list.data(), list.data() + list.shape(0));
}

/// The vector's own memory as a numpy array; `owner` is what the vector is a part of.
template <class T>
nb::ndarray<nb::numpy, T, nb::ndim<1>> array_of(std::vector<T>& values, nb::handle owner) {
  return nb::ndarray<nb::numpy, T, nb::ndim<1>>(values.data(), {values.size()}, owner);
}

inline MatrixView<const float> view_of(const Matrix& matrix) {
  return {matrix.data(), static_cast<std::int64_t>(matrix.shape(0)), static_cast<std::int64_t>(matrix.shape(1))};
}

/// A vector as a numpy array of its own.
template <class T>
nb::object owned_array(std::vector<T> values) {
  auto* kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* memory) noexcept { delete static_cast<std::vector<T>*>(memory); });
  return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<1>>(kept->data(), {kept->size()}, owner));
}

}  // namespace splice_cuda::python

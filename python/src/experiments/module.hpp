#pragma once

/// @file module.hpp
/// The parts of the native module `splice_cuda._experiments`.

#include <cstdint>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/moments.hpp"
#include "splice_cuda/sample_mean.hpp"

namespace splice_cuda::python {

void bind_statistics(nb::module_& module);
void bind_edits(nb::module_& module);
void bind_measures(nb::module_& module);
void bind_learning(nb::module_& module);

using Matrix = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

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

/// (count, mean, standard error); mean NaN where there is nothing.
inline nb::tuple moments_tuple(const Moments& moments) {
  const double mean = moments.count > 0 ? moments.mean : std::numeric_limits<double>::quiet_NaN();
  return nb::make_tuple(moments.count, mean, moments.standard_error());
}

inline nb::tuple moments_tuple(const SampleMean& mean) { return nb::make_tuple(mean.count, mean.mean, mean.standard_error); }

}  // namespace splice_cuda::python

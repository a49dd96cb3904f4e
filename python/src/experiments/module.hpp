#pragma once

/// @file module.hpp
/// The parts of the native module `splice_cuda._experiments`.

#include <limits>

#include "arrays.hpp"
#include "bindings.hpp"
#include "splice_cuda/moments.hpp"
#include "splice_cuda/sample_mean.hpp"

namespace splice_cuda::python {

void bind_statistics(nb::module_& module);
void bind_edits(nb::module_& module);
void bind_measures(nb::module_& module);
void bind_learning(nb::module_& module);

/// (count, mean, standard error); mean NaN where there is nothing.
inline nb::tuple moments_tuple(const Moments& moments) {
  const double mean = moments.count > 0 ? moments.mean : std::numeric_limits<double>::quiet_NaN();
  return nb::make_tuple(moments.count, mean, moments.standard_error());
}

inline nb::tuple moments_tuple(const SampleMean& mean) { return nb::make_tuple(mean.count, mean.mean, mean.standard_error); }

}  // namespace splice_cuda::python

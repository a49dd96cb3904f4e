#pragma once

/// @file bindings.hpp
/// The native module `splice_cuda._core`: a strict, thin layer over the C++ interface. Conversions, defaults and documentation for
/// users are in the Python files of the package.

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace splice_cuda::python {

void bind_errors(nb::module_& module);
void bind_info(nb::module_& module);
void bind_context(nb::module_& module);
void bind_codes(nb::module_& module);
void bind_options(nb::module_& module);
void bind_dictionary(nb::module_& module);
void bind_concept_space(nb::module_& module);
void bind_vocabulary(nb::module_& module);

}  // namespace splice_cuda::python

#pragma once

/// @file text.hpp
/// Texts of the library on their way to Python.

#include <string_view>

#include "bindings.hpp"

namespace splice_cuda::python {

/// A str for people to read. Messages name paths, whose bytes need not be UTF-8: those that are not become \xNN, which can be
/// printed, unlike the surrogates that os.fsdecode makes of them.
/// @throws nb::python_error where there is no memory
inline nb::str readable(std::string_view text) {
  PyObject* made = PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace");
  if (made == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(made);
}

}  // namespace splice_cuda::python

#pragma once

/// @file codes.hpp
/// Results on their way to Python.

#include <vector>

#include "bindings.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda::python {

struct Reports {
  std::vector<RowReport> rows;
};

/// (SparseCodes, Reports)
nb::tuple to_python(DecomposeResult result);

}  // namespace splice_cuda::python

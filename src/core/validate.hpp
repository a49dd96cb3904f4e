#pragma once

/// @file validate.hpp
/// Checks of arguments at the API's edge. Each throws an ArgumentError that names the argument, what was given
/// and what is expected.

#include <cstdint>
#include <string>
#include <string_view>

#include "splice_cuda/codes.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda {

/// "<argument>: got <given>, expected <expected>"
[[noreturn]] void fail_argument(std::string_view argument, const std::string& given,
                                std::string_view expected);

/// The shortest text that tells small numbers apart: std::to_string shows 1e-9 as 0.000000.
std::string number_text(double value);

/// Shape, leading dimension and null pointer of a matrix. The elements are not looked at.
void check_matrix(std::string_view argument, const void* data, std::int64_t rows, std::int64_t cols,
                  std::int64_t ld);

/// Shape of a matrix of atoms: 1 to 2^31 - 65 rows, 1 to 65,536 columns.
void check_atom_shape(const TypedMatrixView& atoms);

/// A matrix has to lie on the host, or where the context works.
void check_device(std::string_view argument, Device given, Device expected);

/// The same, and that the rows really lie where the view says.
void check_placed(std::string_view argument, const TypedMatrixView& matrix, const Context& context);

/// A dictionary has to be made for where the context works.
void check_same_device(std::string_view argument, Device given, Device expected);

/// CSR structure: offsets ascending from 0 to nnz, indices in range and ascending within rows, finite values.
void check_codes(std::string_view argument, const SparseCodes& codes, std::int64_t rows,
                 std::int64_t cols);

void check_solve_options(const SolveOptions& options);

}  // namespace splice_cuda

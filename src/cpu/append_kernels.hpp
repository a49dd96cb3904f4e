#pragma once

/// @file append_kernels.hpp
/// The inner loops of append_atoms (pivoting.hpp), for float and double.

#include <cstdint>
#include <span>

#include "cpu/pivoting.hpp"

namespace splice_cuda::cpu {

/// The first `size` entries of a new place's row of the Gram matrix, as its row of the tableau begins: zero where an atom is
/// in the support. What was there goes to `coefs`, one after the other; there is room for a vector (tableau_multiple) more.
/// @param row  [round_up(size, tableau_multiple)], aligned; zero past `size`
void part_gram_row(const Tableau<float>& tableau, std::int64_t size, const float* gram, float* row, float* coefs);
void part_gram_row(const Tableau<double>& tableau, std::int64_t size, const double* gram, double* row, double* coefs);

/// out[i, :] += sum over s of coefs[i, s] source[rows[s], :].
template <class T>
struct AddedRows {
  const T* coefs = nullptr;  ///< [count, ld_coefs >= rows.size()]
  std::int64_t ld_coefs = 0;
  const T* source = nullptr;
  std::int64_t ld_source = 0;
  std::span<const std::int32_t> rows;
  T* out = nullptr;  ///< [count, width]
  std::int64_t ld_out = 0;
  std::int64_t count = 0;
  std::int64_t width = 0;  ///< a multiple of tableau_multiple
};
void add_rows(const AddedRows<float>& sums);
void add_rows(const AddedRows<double>& sums);

/// The columns of places [first, size) from their rows, by the signs of a principal tableau's symmetry; zeros past them.
void mirror_rows(Tableau<float>& tableau, std::int64_t first);
void mirror_rows(Tableau<double>& tableau, std::int64_t first);

}  // namespace splice_cuda::cpu

#pragma once

/// @file tableau_kernels.hpp
/// The inner loops of principal pivoting (pivoting.hpp), for float and double.

#include <cstdint>
#include <span>

#include "cpu/pivoting.hpp"

namespace splice_cuda::cpu {

/// Exchanges x_k and y_k: v_k = M_kk u_k + sum_j M_kj u_j + c_k is solved for u_k and put into the others.
void pivot(Tableau<float>& tableau, std::int64_t k);
void pivot(Tableau<double>& tableau, std::int64_t k);

/// x.y over `size` elements, a multiple of tableau_multiple; x aligned.
float dot(const float* x, const float* y, std::int64_t size);
double dot(const double* x, const double* y, std::int64_t size);

/// out[i, :] += sum over s of coefs[i, s] source[rows[s], :].
template <class T>
struct AddedRows {
  const T* coefs = nullptr;  ///< [count, rows.size()]
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

/// Place of the lowest value below `bound` among the members in the support, or outside; the first of equal ones; -1
/// where there is none.
std::int64_t lowest_member(const Tableau<float>& tableau, bool in_support, float bound);
std::int64_t lowest_member(const Tableau<double>& tableau, bool in_support, double bound);

}  // namespace splice_cuda::cpu

#pragma once

/// @file tableau_kernels.hpp
/// The inner loops of principal pivoting (pivoting.hpp), for float and double.

#include <cstdint>

#include "cpu/pivoting.hpp"

namespace splice_cuda::cpu {

/// A pivot exchanges x_k and y_k: v_k = M_kk u_k + sum_j M_kj u_j + c_k is solved for u_k and put into the others. A matrix
/// that is larger than the first-level cache makes that a matter of memory: values change at once, but rows that do
/// not choose the next pivot wait until some pivots can pass over them together. Each row sees what it
/// would have seen without waiting, in the same order; the entries in the pivots' columns, but for rounding.

/// Brings row k of the matrix up to date.
void update_row(Tableau<float>& tableau, std::int64_t k);
void update_row(Tableau<double>& tableau, std::int64_t k);

/// Pivots on k, whose row is up to date. In float32 columns are taken from rows: M is symmetric in the support and outside,
/// antisymmetric between. In fp64 nothing waits, and columns are the matrix's own.
void queue_pivot(Tableau<float>& tableau, std::int64_t k);
void queue_pivot(Tableau<double>& tableau, std::int64_t k);

/// Brings the whole matrix up to date.
void flush_pivots(Tableau<float>& tableau);
void flush_pivots(Tableau<double>& tableau);

/// All of that: a pivot on k in a matrix that is up to date, and is so afterwards.
template <class T>
void pivot(Tableau<T>& tableau, std::int64_t k) {
  queue_pivot(tableau, k);
  flush_pivots(tableau);
}

/// x.y over `size` elements, a multiple of tableau_multiple; x aligned.
float dot(const float* x, const float* y, std::int64_t size);
double dot(const double* x, const double* y, std::int64_t size);

/// Place of the lowest value below 0 among the members in the support; where there is none, of the lowest below -tolerance
/// among the others; the first of equal ones; -1 where there is none either.
std::int64_t lowest_member(const Tableau<float>& tableau, float tolerance);
std::int64_t lowest_member(const Tableau<double>& tableau, double tolerance);

}  // namespace splice_cuda::cpu

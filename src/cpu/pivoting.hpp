#pragma once

/// @file pivoting.hpp
/// Principal pivoting for the small problems of the working set (one row's atoms, with their Gram matrix G):
///     min over x >= 0 of 1/2 x'G x - (b - lambda)'x
/// as the complementarity problem  y = G x - b + lambda >= 0,  x >= 0,  x.y = 0. Each variable pair (x_k, y_k)
/// has one basic member; a pivot exchanges them by a symmetric sweep of the tableau (Cottle, Pang & Stone, "The
/// Linear Complementarity Problem", 4.2). The block of the atoms in the support is the inverse of their Gram
/// matrix: Newton steps use it.

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "cpu/aligned.hpp"

namespace splice_cuda::cpu {

/// Rows of a tableau are padded with zeros to a multiple of this.
inline constexpr std::int64_t tableau_multiple = 16;

/// Pivots that a tableau's matrix may be behind: their updates pass over it together.
inline constexpr std::int64_t most_queued = 4;

template <class T>
struct Tableau {
  std::int64_t size = 0;        ///< number of atoms, in the support or not
  std::int64_t ld = 0;          ///< capacity and leading dimension, a multiple of tableau_multiple
  AlignedArray<T> matrix;       ///< [ld, ld]
  std::vector<T> value;         ///< [ld] of the basic member: x_k in the support, y_k outside
  std::vector<std::uint8_t> in_support;  ///< [ld]
  std::vector<std::int32_t> atoms;       ///< [ld]
  std::vector<T> factors;                ///< [ld] +-1 / a_j: atom k acts as factor_k c_k
  std::vector<T> diagonal;               ///< [ld] of the Gram matrix

  // In float32, within solve_tableau alone: pivots that `value` and `in_support` know of, and the matrix does not yet.
  std::int64_t queued = 0;
  std::array<std::int64_t, most_queued> queued_places{};
  AlignedArray<T> queued_rows;           ///< [most_queued, ld] pivot rows ...
  AlignedArray<T> queued_factors;        ///< ... what of them each row loses ...
  AlignedArray<T> queued_entries;        ///< ... and what it has in their columns then
  std::vector<std::uint8_t> up_to_date;  ///< [ld] how many of them a row has had
  std::vector<std::int32_t> waiting;     ///< [ld] room for the places of rows that have had none

  T* row(std::int64_t k) { return matrix.get() + k * ld; }
  const T* row(std::int64_t k) const { return matrix.get() + k * ld; }
  std::int64_t padded_size() const { return round_up(size, tableau_multiple); }
  void clear() { size = 0; }
  /// Makes room for `places` places; what is there stays.
  void reserve(std::int64_t places);
};

/// Buffers of append_atoms.
template <class T>
struct AppendScratch {
  std::vector<std::int32_t> support;
  std::vector<T> coefs;  ///< of the new atoms' Gram rows, those in the support
  std::vector<T> block;  ///< the tableau of the new atoms
};

/// Adds `count` atoms at the end, outside the support.
/// @param gram    [count, ld_gram]: gram[i, k] = factor_i factor_k <c_i, c_k> for k in [0, size + count)
/// @param values  [count] y of the new atoms: lambda - factor_i <c_i, r> at the present x
template <class T>
void append_atoms(Tableau<T>& tableau, const std::int32_t* atoms, const T* factors, std::int64_t count,
                  const T* gram, std::int64_t ld_gram, const T* values, AppendScratch<T>& scratch);

/// Pivots until x >= 0 and y >= -tolerance. Picks the most negative member, those of x first; after a number of
/// pivots that only cycling reaches, negative members are driven up one by one. An atom whose
/// pivot is below `pivot_floor` times its Gram diagonal depends on the support: it takes the place of the
/// support atom that blocks its way, or stays out.
/// @param most_pivots  after which it stops where it is  @returns number of pivots
template <class T>
std::int64_t solve_tableau(Tableau<T>& tableau, T tolerance, T pivot_floor,
                           std::int64_t most_pivots = std::numeric_limits<std::int64_t>::max());

/// True when what atom k, outside the support, adds to its span is lost in rounding (`pivot_floor` as above).
template <class T>
bool depends_on_support(const Tableau<T>& tableau, std::int64_t k, T pivot_floor);

/// The support atom that reaches 0 first when atom k, which depends on the support, grows; -1 where none falls.
template <class T>
std::int64_t blocking_atom(const Tableau<T>& tableau, std::int64_t k);

/// Takes every independent atom into the support, whatever the signs: plain least squares (with lambda = 0).
template <class T>
void enter_all(Tableau<T>& tableau, T pivot_floor);

/// One Newton step on the support from y = lambda - factor_k <c_k, r> known at full precision ([size], by place):
/// x_S -= inv(G_SS) y_S; outside the support y is carried along. Pivots may follow.
template <class T>
void newton_step(Tableau<T>& tableau, const T* y);

/// As lambda falls by 1, x_k rises by gain_k in the support, and y_k falls by 1 + gain_k outside.
template <class T>
void lambda_gains(const Tableau<T>& tableau, std::vector<T>& gains);

/// The tableau of lambda - step in place of lambda, in the same support, whose gains are given; pivots may follow.
template <class T>
void lower_lambda(Tableau<T>& tableau, const std::vector<T>& gains, T step);

/// Turns an atom outside the support into its negative (weights of either sign).
template <class T>
void flip_sign(Tableau<T>& tableau, std::int64_t k);

}  // namespace splice_cuda::cpu

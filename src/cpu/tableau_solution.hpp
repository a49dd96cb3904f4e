#pragma once

/// @file tableau_solution.hpp
/// What the solvers read out of a working set's tableau, in float32 and in fp64 alike.

#include <cstdint>
#include <vector>

#include "cpu/pivoting.hpp"

namespace splice_cuda::cpu {

/// Atoms in the support, by place, and their weights w_j = factor_k x_k: what the residual is made of.
template <class T>
void read_support(const Tableau<T>& tableau, std::vector<std::int32_t>& atoms, std::vector<T>& weights);

/// The code: atoms of positive x, ascending, and their weights, none of them 0 in float32.
template <class T>
void read_code(const Tableau<T>& tableau, std::vector<std::int32_t>& atoms, std::vector<float>& weights);

/// y of atom k, outside the support, where weights may have either sign: an atom whose negative violates is turned.
template <class T>
T turned_slack(Tableau<T>& tableau, std::int64_t k, T lambda, T y);

/// y of each place from the atoms themselves, for a Newton step. An atom outside the support whose y exceeds 2 lambda
/// violates as its negative: with `any_sign` it is turned.
/// @param products  [size] <c_k, r> by place; becomes y = lambda - factor_k <c_k, r>
/// @returns how far the worst place is from y = 0 in the support and y >= 0 outside
template <class T>
T read_slacks(Tableau<T>& tableau, T lambda, bool any_sign, T* products);

}  // namespace splice_cuda::cpu

#include "cpu/refit.hpp"

#include <algorithm>
#include <cmath>

#include "cpu/pivoting.hpp"
#include "cpu/row_products.hpp"

namespace splice_cuda::cpu {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The support as one complementarity problem with lambda = 0.
Tableau<double> support_tableau(const CpuDictionary& dictionary, const float* z,
                                const std::vector<std::int32_t>& atoms) {
  const auto count = static_cast<std::int64_t>(atoms.size());
  std::vector<double> wide(z, z + dictionary.ld);
  std::vector<double> products(atoms.size());
  dot_atoms_f64(dictionary, atoms.data(), count, wide.data(), products.data());
  std::vector<double> gram(at(count * count));
  for (std::int64_t i = 0; i < count; ++i) {
    const float* atom = dictionary.atom(atoms[at(i)]);
    std::copy(atom, atom + dictionary.ld, wide.begin());
    dot_atoms_f64(dictionary, atoms.data(), count, wide.data(), gram.data() + i * count);
  }
  for (double& product : products) product = -product;
  const std::vector<double> factors(atoms.size(), 1.0);
  Tableau<double> tableau;
  append_atoms(tableau, atoms.data(), factors.data(), count, gram.data(), count, products.data());
  return tableau;
}

}  // namespace

void refit_row(const CpuDictionary& dictionary, const float* z, bool nonnegative,
               std::vector<std::int32_t>& atoms, std::vector<float>& weights) {
  if (atoms.empty()) return;
  constexpr double pivot_floor = 1e-11;
  Tableau<double> tableau = support_tableau(dictionary, z, atoms);
  if (nonnegative) {
    solve_tableau(tableau, 1e-14, pivot_floor);
  } else {
    enter_all(tableau, pivot_floor);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const auto weight = static_cast<float>(tableau.in_support[i] != 0 ? tableau.value[i] : 0.0);
    if (weight == 0 || (nonnegative && weight < 0)) continue;
    atoms[kept] = atoms[i];
    weights[kept] = weight;
    ++kept;
  }
  atoms.resize(kept);
  weights.resize(kept);
}

}  // namespace splice_cuda::cpu

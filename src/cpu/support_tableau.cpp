#include "cpu/support_tableau.hpp"

#include <vector>

#include "cpu/row_products.hpp"

namespace splice_cuda::cpu {

Tableau<double> support_tableau(const CpuDictionary& dictionary, const float* z,
                                std::span<const std::int32_t> atoms, std::span<const double> factors,
                                double lambda) {
  const auto count = static_cast<std::int64_t>(atoms.size());
  std::vector<double> wide(z, z + dictionary.ld);
  std::vector<double> values(atoms.size());
  dot_atoms_f64(dictionary, atoms.data(), count, wide.data(), values.data());
  std::vector<double> gram(atoms.size() * atoms.size());
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    values[i] = lambda - factors[i] * values[i];
    dictionary.copy_atom(atoms[i], wide.data());
    double* row = gram.data() + i * atoms.size();
    dot_atoms_f64(dictionary, atoms.data(), count, wide.data(), row);
    for (std::size_t k = 0; k < atoms.size(); ++k) row[k] *= factors[i] * factors[k];
  }
  Tableau<double> tableau;
  AppendScratch<double> scratch;
  append_atoms(tableau, atoms.data(), factors.data(), count, gram.data(), count, values.data(), scratch);
  return tableau;
}

}  // namespace splice_cuda::cpu

#include "cpu/refit.hpp"

#include "cpu/support_tableau.hpp"

namespace splice_cuda::cpu {
void refit_row(const CpuDictionary& dictionary, const float* z, bool nonnegative,
               std::vector<std::int32_t>& atoms, std::vector<float>& weights) {
  if (atoms.empty()) return;
  const std::vector<double> factors(atoms.size(), 1.0);
  Tableau<double> tableau = support_tableau(dictionary, z, atoms, factors, 0.0);
  if (nonnegative) {
    solve_tableau(tableau, 1e-14, support_pivot_floor);
  } else {
    enter_all(tableau, support_pivot_floor);
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

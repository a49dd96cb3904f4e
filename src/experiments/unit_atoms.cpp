#include "experiments/unit_atoms.hpp"

#include "concepts/unit_rows.hpp"

namespace splice_cuda {

std::vector<double> unit_atom(const ConceptSpace& space, std::int64_t atom) {
  std::vector<float> row(static_cast<std::size_t>(space.dim()));
  space.read_atoms(atom, {row.data(), 1, space.dim()});
  std::vector<double> unit(row.begin(), row.end());
  normalize_row(unit);
  return unit;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

}  // namespace splice_cuda

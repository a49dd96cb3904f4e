#include "cpu/tableau_solution.hpp"

#include <algorithm>
#include <cmath>

namespace splice_cuda::cpu {
namespace {

std::size_t at(std::int64_t k) { return static_cast<std::size_t>(k); }

}  // namespace

template <class T>
void read_support(const Tableau<T>& t, std::vector<std::int32_t>& atoms, std::vector<T>& weights) {
  atoms.resize(at(t.size));
  weights.resize(at(t.size));
  std::size_t found = 0;
  for (std::int64_t k = 0; k < t.size; ++k) {  // no branch: which atoms are in the support is hard to guess
    atoms[found] = t.atoms[at(k)];
    weights[found] = t.value[at(k)] * t.factors[at(k)];
    found += t.in_support[at(k)] != 0 ? 1u : 0u;
  }
  atoms.resize(found);
  weights.resize(found);
}

template <class T>
void read_code(const Tableau<T>& t, std::vector<std::int32_t>& atoms, std::vector<float>& weights) {
  std::vector<std::int64_t> order;
  order.reserve(at(t.size));
  for (std::int64_t k = 0; k < t.size; ++k) {
    if (t.in_support[at(k)] != 0 && t.value[at(k)] > 0) order.push_back(k);
  }
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return t.atoms[at(a)] < t.atoms[at(b)]; });
  atoms.clear();
  weights.clear();
  for (const std::int64_t k : order) {
    const auto weight = static_cast<float>(t.value[at(k)] * t.factors[at(k)]);
    if (weight == 0) continue;
    atoms.push_back(t.atoms[at(k)]);
    weights.push_back(weight);
  }
}

template <class T>
T turned_slack(Tableau<T>& t, std::int64_t k, T lambda, T y) {
  if (!(y > 2 * lambda)) return y;
  flip_sign(t, k);
  return 2 * lambda - y;
}

template <class T>
T read_slacks(Tableau<T>& t, T lambda, bool any_sign, T* products) {
  T worst = 0;
  for (std::int64_t k = 0; k < t.size; ++k) {
    T y = lambda - products[k] * t.factors[at(k)];
    if (any_sign && t.in_support[at(k)] == 0) y = turned_slack(t, k, lambda, y);
    products[k] = y;
    worst = std::max(worst, t.in_support[at(k)] != 0 ? std::abs(y) : -y);
  }
  return worst;
}

template void read_support(const Tableau<float>&, std::vector<std::int32_t>&, std::vector<float>&);
template void read_support(const Tableau<double>&, std::vector<std::int32_t>&, std::vector<double>&);
template void read_code(const Tableau<float>&, std::vector<std::int32_t>&, std::vector<float>&);
template void read_code(const Tableau<double>&, std::vector<std::int32_t>&, std::vector<float>&);
template float turned_slack(Tableau<float>&, std::int64_t, float, float);
template double read_slacks(Tableau<double>&, double, bool, double*);

}  // namespace splice_cuda::cpu

#include "oracle/lasso_oracle.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace splice_oracle {
namespace {

double weight_of(const Problem& problem, std::size_t atom) {
  return problem.weights.empty() ? 1.0 : problem.weights[atom];
}

double atom_dot(const Problem& problem, std::size_t atom, const std::vector<double>& vector) {
  double sum = 0;
  for (std::size_t k = 0; k < vector.size(); ++k) sum += problem.dictionary[atom * vector.size() + k] * vector[k];
  return sum;
}

std::vector<double> residual_of(const Problem& problem, const std::vector<double>& z, const std::vector<double>& w) {
  std::vector<double> residual = z;
  for (std::size_t j = 0; j < w.size(); ++j) {
    if (w[j] == 0) continue;
    for (std::size_t k = 0; k < z.size(); ++k) residual[k] -= w[j] * problem.dictionary[j * z.size() + k];
  }
  return residual;
}

/// |c_j|^2 of each atom.
std::vector<double> curvatures(const Problem& problem) {
  const auto dim = static_cast<std::size_t>(problem.dim);
  std::vector<double> curvature(static_cast<std::size_t>(problem.atoms), 0.0);
  for (std::size_t i = 0; i < problem.dictionary.size(); ++i) {
    curvature[i / dim] += problem.dictionary[i] * problem.dictionary[i];
  }
  return curvature;
}

/// The best w_j when all others stay.
double best_weight(const Problem& problem, double pull, double curvature, double threshold) {
  if (pull > threshold) return (pull - threshold) / curvature;
  if (problem.any_sign && pull < -threshold) return (pull + threshold) / curvature;
  return 0;
}

/// One sweep over `active`. @returns the largest change of the objective's argument, |dw_j| |c_j|
double sweep(const Problem& problem, const std::vector<std::size_t>& active, const std::vector<double>& curvature,
             std::vector<double>& residual, std::vector<double>& w) {
  double largest = 0;
  for (const std::size_t j : active) {
    const double pull = atom_dot(problem, j, residual) + w[j] * curvature[j];
    const double next = best_weight(problem, pull, curvature[j], problem.penalty * weight_of(problem, j));
    const double change = next - w[j];
    if (change == 0) continue;
    for (std::size_t k = 0; k < residual.size(); ++k) {
      residual[k] -= change * problem.dictionary[j * residual.size() + k];
    }
    w[j] = next;
    largest = std::max(largest, std::abs(change) * std::sqrt(curvature[j]));
  }
  return largest;
}

}  // namespace

Solution evaluate(const Problem& problem, const std::vector<double>& z, const std::vector<double>& w) {
  Solution solution;
  solution.w = w;
  const std::vector<double> residual = residual_of(problem, z, w);
  double norm = 0;  // |w| in the weighted l1 norm
  double excess = 0;  // how far the residual is from the dual's feasible set, as a ratio
  for (std::size_t j = 0; j < w.size(); ++j) {
    const double a = weight_of(problem, j);
    const double correlation = atom_dot(problem, j, residual);
    solution.correlations.push_back(correlation);
    if (w[j] != 0) norm += a * std::abs(w[j]);
    if (std::isinf(a)) continue;
    excess = std::max(excess, (problem.any_sign ? std::abs(correlation) : correlation) / (problem.penalty * a));
  }
  double rr = 0;
  double zr = 0;
  for (std::size_t k = 0; k < z.size(); ++k) {
    rr += residual[k] * residual[k];
    zr += z[k] * residual[k];
  }
  solution.primal = 0.5 * rr + problem.penalty * norm;
  // Dual of a scaled residual theta = s r: s z.r - s^2/2 |r|^2, best s within [0, 1 / excess].
  double scale = rr > 0 ? std::max(0.0, zr / rr) : 0.0;
  if (excess > 0) scale = std::min(scale, 1 / excess);
  solution.gap = solution.primal - (scale * zr - 0.5 * scale * scale * rr);
  return solution;
}

Solution solve(const Problem& problem, const std::vector<double>& z, double tolerance, int sweeps) {
  const auto atoms = static_cast<std::size_t>(problem.atoms);
  double zz = 0;
  for (const double value : z) zz += value * value;
  const std::vector<double> curvature = curvatures(problem);
  std::vector<double> w(atoms, 0.0);
  std::vector<char> is_active(atoms, 0);
  std::vector<std::size_t> active;
  Solution solution = evaluate(problem, z, w);
  int done = 0;
  while (solution.gap > tolerance * 0.5 * zz && done < sweeps) {
    for (std::size_t j = 0; j < atoms; ++j) {
      const double pull = problem.any_sign ? std::abs(solution.correlations[j]) : solution.correlations[j];
      if (is_active[j] || curvature[j] == 0 || pull <= problem.penalty * weight_of(problem, j)) continue;
      is_active[j] = 1;
      active.push_back(j);
    }
    std::vector<double> residual = residual_of(problem, z, w);
    for (int inner = 0; inner < 200 && done < sweeps; ++inner, ++done) {
      if (sweep(problem, active, curvature, residual, w) < 1e-15 * std::sqrt(zz)) break;
    }
    ++done;
    solution = evaluate(problem, z, w);
  }
  return solution;
}

std::vector<double> least_squares(const Problem& problem, const std::vector<double>& z,
                                  const std::vector<std::size_t>& support, int sweeps) {
  Problem free = problem;
  free.penalty = 0;
  free.weights.clear();
  const std::vector<double> curvature = curvatures(problem);
  std::vector<double> residual = z;
  std::vector<double> w(static_cast<std::size_t>(problem.atoms), 0.0);
  for (int done = 0; done < sweeps && sweep(free, support, curvature, residual, w) > 1e-15; ++done) {
  }
  return w;
}

}  // namespace splice_oracle

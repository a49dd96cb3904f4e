#include "oracle/lasso_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace splice_oracle {
namespace {

double weight_of(const Problem& problem, std::size_t j) { return problem.weights.empty() ? 1.0 : problem.weights[j]; }

double dot(const double* x, const double* y, std::size_t size) {
  double sum = 0;
  for (std::size_t k = 0; k < size; ++k) sum += x[k] * y[k];
  return sum;
}

const double* atom(const Problem& problem, std::size_t j) {
  return problem.dictionary.data() + j * static_cast<std::size_t>(problem.dim);
}

/// C'w.
std::vector<double> combined(const Problem& problem, const std::vector<double>& w) {
  std::vector<double> sum(static_cast<std::size_t>(problem.dim), 0.0);
  for (std::size_t j = 0; j < w.size(); ++j) {
    if (w[j] == 0) continue;
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += w[j] * atom(problem, j)[k];
  }
  return sum;
}

/// Gaussian elimination with partial pivoting.
std::vector<double> solve_linear(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t best = c;
    for (std::size_t i = c + 1; i < n; ++i) {
      if (std::abs(a[i][c]) > std::abs(a[best][c])) best = i;
    }
    std::swap(a[c], a[best]);
    std::swap(b[c], b[best]);
    for (std::size_t i = c + 1; i < n; ++i) {
      const double factor = a[i][c] / a[c][c];
      for (std::size_t k = c; k < n; ++k) a[i][k] -= factor * a[c][k];
      b[i] -= factor * b[c];
    }
  }
  for (std::size_t c = n; c-- > 0;) {
    for (std::size_t k = c + 1; k < n; ++k) b[c] -= a[c][k] * b[k];
    b[c] /= a[c][c];
  }
  return b;
}

}  // namespace

std::vector<Knot> path(const Problem& problem, const std::vector<double>& z, double smallest) {
  const auto atoms = static_cast<std::size_t>(problem.atoms);
  std::vector<Knot> knots;
  std::vector<double> w(atoms, 0.0);
  std::vector<std::pair<std::size_t, double>> active;  // atom and sign
  double penalty = 0;
  std::pair<std::size_t, double> next{atoms, 1.0};
  for (std::size_t j = 0; j < atoms; ++j) {
    const double pull = dot(atom(problem, j), z.data(), z.size()) / weight_of(problem, j);
    for (const double sign : {1.0, -1.0}) {
      if ((sign < 0 && !problem.any_sign) || sign * pull <= penalty) continue;
      penalty = sign * pull;
      next = {j, sign};
    }
  }
  if (next.first == atoms) return knots;
  knots.push_back({penalty, w});
  active.push_back(next);
  std::size_t left = atoms;  // the atom that left last stays out at the knot where it left
  while (penalty > smallest) {
    // w moves so that sign c_j.r = penalty a_j stays for the active ones.
    std::vector<std::vector<double>> gram(active.size(), std::vector<double>(active.size()));
    std::vector<double> right(active.size());
    for (std::size_t i = 0; i < active.size(); ++i) {
      right[i] = active[i].second * weight_of(problem, active[i].first);
      for (std::size_t k = 0; k < active.size(); ++k) {
        gram[i][k] = dot(atom(problem, active[i].first), atom(problem, active[k].first), z.size());
      }
    }
    const std::vector<double> direction = solve_linear(gram, right);
    std::vector<double> moved(atoms, 0.0);
    for (std::size_t i = 0; i < active.size(); ++i) moved[active[i].first] = direction[i];
    const std::vector<double> change = combined(problem, moved);  // of C'w per unit that the penalty falls
    std::vector<double> residual = combined(problem, w);
    for (std::size_t k = 0; k < z.size(); ++k) residual[k] = z[k] - residual[k];
    double step = penalty - smallest;
    enum class What { end, enters, leaves } what = What::end;
    std::size_t place = 0;
    for (std::size_t j = 0; j < atoms; ++j) {
      const double a = weight_of(problem, j);
      if (std::isinf(a)) continue;
      const bool inside = std::any_of(active.begin(), active.end(), [&](const auto& member) { return member.first == j; });
      if (inside) continue;
      const double pull = dot(atom(problem, j), residual.data(), z.size());
      const double fall = dot(atom(problem, j), change.data(), z.size());
      for (const double sign : {1.0, -1.0}) {
        if (sign < 0 && !problem.any_sign) continue;
        const double rate = a - sign * fall;
        const double room = penalty * a - sign * pull;
        if (rate <= 1e-13 || (j == left && room < 1e-10 * penalty * a)) continue;
        const double t = std::max(room, 0.0) / rate;
        if (t >= step) continue;
        step = t;
        what = What::enters;
        next = {j, sign};
      }
    }
    for (std::size_t i = 0; i < active.size(); ++i) {
      const double value = w[active[i].first] * active[i].second;
      const double fall = -direction[i] * active[i].second;
      if (fall <= 0 || value / fall >= step) continue;
      step = value / fall;
      what = What::leaves;
      place = i;
    }
    penalty -= step;
    for (std::size_t i = 0; i < active.size(); ++i) w[active[i].first] += step * direction[i];
    if (what == What::leaves) w[active[place].first] = 0;
    knots.push_back({penalty, w});
    if (what == What::end) break;
    left = atoms;
    if (what == What::enters) {
      active.push_back(next);
    } else {
      left = active[place].first;
      active.erase(active.begin() + static_cast<std::ptrdiff_t>(place));
    }
  }
  return knots;
}

double penalty_of_l0(const std::vector<Knot>& knots, int k) {
  for (std::size_t i = 0; i + 1 < knots.size(); ++i) {
    int active = 0;
    for (std::size_t j = 0; j < knots[i].w.size(); ++j) active += knots[i].w[j] != 0 || knots[i + 1].w[j] != 0 ? 1 : 0;
    if (active > k) return knots[i].penalty;
  }
  return knots.back().penalty;
}

double penalty_of_cosine(const Problem& problem, const std::vector<Knot>& knots, const std::vector<double>& z, double cosine) {
  const auto between = [&](std::size_t i, double share) {
    std::vector<double> w = knots[i].w;
    for (std::size_t j = 0; j < w.size(); ++j) w[j] += share * (knots[i + 1].w[j] - w[j]);
    return w;
  };
  constexpr int parts = 200;
  for (std::size_t i = 0; i + 1 < knots.size(); ++i) {
    for (int part = 0; part < parts; ++part) {
      double low = static_cast<double>(part) / parts;
      double high = static_cast<double>(part + 1) / parts;
      if (cosine_of(problem, z, between(i, high)) < cosine) continue;
      for (int step = 0; step < 60; ++step) {
        const double middle = (low + high) / 2;
        (cosine_of(problem, z, between(i, middle)) < cosine ? low : high) = middle;
      }
      return knots[i].penalty + high * (knots[i + 1].penalty - knots[i].penalty);
    }
  }
  return knots.back().penalty;
}

std::vector<double> at_penalty(const std::vector<Knot>& knots, double penalty) {
  for (std::size_t i = 0; i + 1 < knots.size(); ++i) {
    const double length = knots[i].penalty - knots[i + 1].penalty;
    if (penalty < knots[i + 1].penalty || penalty > knots[i].penalty || length <= 0) continue;
    std::vector<double> w = knots[i].w;
    const double share = (knots[i].penalty - penalty) / length;
    for (std::size_t j = 0; j < w.size(); ++j) w[j] += share * (knots[i + 1].w[j] - w[j]);
    return w;
  }
  return knots.front().w;
}

double cosine_of(const Problem& problem, const std::vector<double>& z, const std::vector<double>& w) {
  const std::vector<double> sum = combined(problem, w);
  const double square = dot(sum.data(), sum.data(), sum.size());
  if (square == 0) return 0;
  return dot(sum.data(), z.data(), z.size()) / std::sqrt(square * dot(z.data(), z.data(), z.size()));
}

}  // namespace splice_oracle

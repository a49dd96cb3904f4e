#pragma once

/// @file lasso_math.hpp
/// The formulas that decide something, written once for host and device (design.md, section 1). Half form:
///   P(w) = 1/2 |r|^2 + lambda a.w,  r = z - C'w;   D(theta) = 1/2 |z|^2 - 1/2 |z - theta|^2,
/// theta feasible when c_j.theta <= lambda a_j for all j (two-sided when weights may be negative).

#include <cmath>
#include <cstdint>
#include <limits>

#ifdef __CUDACC__
#define SPLICE_HOST_DEVICE __host__ __device__
#else
#define SPLICE_HOST_DEVICE
#endif

namespace splice_cuda::math {

/// argmin over w >= 0 of 1/2 (w - v)^2 + threshold * w.
template <class T>
SPLICE_HOST_DEVICE inline T prox_nonnegative(T v, T threshold) {
  return v > threshold ? v - threshold : T(0);
}

/// argmin over w of 1/2 (w - v)^2 + threshold * |w|.
template <class T>
SPLICE_HOST_DEVICE inline T prox_signed(T v, T threshold) {
  if (v > threshold) return v - threshold;
  if (v < -threshold) return v + threshold;
  return T(0);
}

/// Scale s of the dual point theta = s r: the maximiser z.r / |r|^2 of D(s r), clipped to where s r is
/// feasible. `max_correlation` is (an upper bound of) max_j c_j.r / a_j.
SPLICE_HOST_DEVICE inline double dual_scale(double z_dot_r, double r_dot_r, double max_correlation,
                                            double lambda) {
  if (!(r_dot_r > 0)) return 0;
  const double best = z_dot_r / r_dot_r;
  const double limit = max_correlation > 0 ? lambda / max_correlation : best;
  const double scale = best < limit ? best : limit;
  return scale > 0 ? scale : 0;
}

/// P(w) from |r|^2 and sum_j a_j |w_j|.
SPLICE_HOST_DEVICE inline double primal_objective(double r_dot_r, double weighted_l1, double lambda) {
  return 0.5 * r_dot_r + lambda * weighted_l1;
}

/// D(s r) = s z.r - s^2/2 |r|^2.
SPLICE_HOST_DEVICE inline double dual_objective(double z_dot_r, double r_dot_r, double scale) {
  return scale * z_dot_r - 0.5 * scale * scale * r_dot_r;
}

/// The gap without regard to rounding: what cheap tests look at before a certificate is asked for.
SPLICE_HOST_DEVICE inline double plain_gap(double z_dot_r, double r_dot_r, double weighted_l1, double max_correlation,
                                           double lambda) {
  const double scale = dual_scale(z_dot_r, r_dot_r, max_correlation, lambda);
  return primal_objective(r_dot_r, weighted_l1, lambda) - dual_objective(z_dot_r, r_dot_r, scale);
}

/// Whether a certificate may succeed that a plain gap speaks for. The rest is left to its rounding.
SPLICE_HOST_DEVICE inline bool gap_looks_closed(double gap, double gap_tolerance, double z_dot_z) {
  return gap <= 0.9 * gap_tolerance * 0.5 * z_dot_z;
}

/// What a certificate is made of: fp64 sums over d terms, for a residual that is itself a sum over the code's l0
/// atoms.
struct CertificateTerms {
  double z_dot_z = 0;
  double z_dot_r = 0;
  double r_dot_r = 0;
  double weighted_l1 = 0;      ///< sum_j a_j |w_j|
  double max_correlation = 0;  ///< (upper bound of) max_j c_j.r / a_j
  double lambda = 0;
  double atom_norm = 0;  ///< (upper bound of) max_j |c_j| / a_j
  double summands = 0;   ///< d + l0
};

struct Certificate {
  double primal = 0;
  double dual = 0;
  double gap = 0;  ///< never below P(w) - P(w*), rounding included; infinite where numbers are too large to tell
};

/// Upper bound of the rounding in primal - dual, for sums in any order: with g = (summands + 8) 2^-53,
///   |r^ - r|   <= g (|z| + sum_j |w_j| |c_j|)                 (the residual that was summed)
///   |c.r^| / a <= max_correlation + g atom_norm |r^|           (so that s r^ is feasible after division by 1 + delta)
/// and each inner product errs by at most g |x| |y| (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1).
SPLICE_HOST_DEVICE inline double gap_rounding(const CertificateTerms& t, double scale) {
  const double g = (t.summands + 8) * 0x1p-53;
  const double z_norm = std::sqrt(t.z_dot_z);
  const double r_norm = std::sqrt(t.r_dot_r);
  const double residual = g * (z_norm + t.atom_norm * t.weighted_l1);
  const double primal = residual * (r_norm + residual) + g * (0.5 * t.r_dot_r + t.lambda * t.weighted_l1);
  const double delta = g * t.atom_norm * r_norm * scale / t.lambda + 0x1p-50;
  const double slope = t.z_dot_r - scale * t.r_dot_r;
  const double shrunk = scale * delta * ((slope > 0 ? slope : 0) + scale * delta * t.r_dot_r);
  const double dual = g * scale * (z_norm * r_norm + scale * t.r_dot_r) + shrunk;
  return primal + dual;
}

/// The certificate of design.md, section 1: the dual point is the residual, scaled to where it is feasible.
SPLICE_HOST_DEVICE inline Certificate make_certificate(const CertificateTerms& t) {
  const double scale = dual_scale(t.z_dot_r, t.r_dot_r, t.max_correlation, t.lambda);
  Certificate c;
  c.primal = primal_objective(t.r_dot_r, t.weighted_l1, t.lambda);
  c.dual = dual_objective(t.z_dot_r, t.r_dot_r, scale);
  const double difference = c.primal - c.dual;
  const double gap = (difference > 0 ? difference : 0) + gap_rounding(t, scale);
  c.gap = gap >= 0 ? gap : std::numeric_limits<double>::infinity();  // of terms that overflow: nothing is proven
  return c;
}

/// What the fp64 solver takes for zero: shares of lambda, but no less than what rounding makes of a correlation. Below that
/// pivots would follow noise, for as long as they are let.
struct ExactLimits {
  double pivot;      ///< how far below 0 a slack may stay
  double newton;     ///< how far correlations of the support may be from lambda
  double violation;  ///< by how much an atom that may join violates, at least
  double member;     ///< and one that has been given up
};

/// @param size  of the largest correlation that there can be: |z| max_j |c_j| / a_j
SPLICE_HOST_DEVICE inline ExactLimits exact_limits(double lambda, double size) {
  const double rounding = 0x1p-49 * size;
  const auto limit = [&](double share, double times) {
    const double relative = share * lambda;
    return relative > times * rounding ? relative : times * rounding;
  };
  return {limit(1e-12, 1), limit(1e-10, 2), limit(1e-9, 4), limit(1e-8, 8)};
}

/// Rounds after which the fp64 solver ends where the certificate would be given, and not at the last digit; and pivots after which
/// it ends with the best that it has had. Rows that can be solved need some 10 d of them; where lambda is so small that rounding
/// decides who enters, there is no end.
inline constexpr int exact_patience = 8;
SPLICE_HOST_DEVICE constexpr int exact_pivots(std::int64_t dim) { return 16 * (static_cast<int>(dim) + 512); }
/// As many in one go, of a set of `size` atoms: more follow rounding errors of those before, and a set that is made anew has none.
SPLICE_HOST_DEVICE constexpr int exact_pivots_at_once(std::int64_t size) { return 4 * static_cast<int>(size) + 200; }

/// Upper bound of c.r from a screened value of c^.r^ (quantised operands):
///   c.r = c^.r^ + (c - c^).r^ + c.(r - r^)  <=  value + |c - c^| |r^| + |c| |r - r^|.
template <class T>
SPLICE_HOST_DEVICE inline T screened_upper_bound(T value, T atom_error, T quantised_norm, T atom_norm,
                                                 T movement) {
  return value + atom_error * quantised_norm + atom_norm * movement;
}

}  // namespace splice_cuda::math

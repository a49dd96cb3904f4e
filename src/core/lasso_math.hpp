#pragma once

/// @file lasso_math.hpp
/// The formulas that decide something, written once for host and device (design.md, section 1). Half form:
///   P(w) = 1/2 |r|^2 + lambda a.w,  r = z - C'w;   D(theta) = 1/2 |z|^2 - 1/2 |z - theta|^2,
/// theta feasible when c_j.theta <= lambda a_j for all j (two-sided when weights may be negative).

#include <cmath>

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
  double gap = 0;  ///< never below P(w) - P(w*), rounding included
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
  c.gap = (difference > 0 ? difference : 0) + gap_rounding(t, scale);
  return c;
}

/// Upper bound of c.r from a screened value of c^.r^ (quantised operands):
///   c.r = c^.r^ + (c - c^).r^ + c.(r - r^)  <=  value + |c - c^| |r^| + |c| |r - r^|.
template <class T>
SPLICE_HOST_DEVICE inline T screened_upper_bound(T value, T atom_error, T quantised_norm, T atom_norm,
                                                 T movement) {
  return value + atom_error * quantised_norm + atom_norm * movement;
}

}  // namespace splice_cuda::math

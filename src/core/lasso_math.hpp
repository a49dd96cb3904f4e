#pragma once

/// @file lasso_math.hpp
/// The formulas that decide something, written once for host and device (design.md, section 1). Half form:
///   P(w) = 1/2 |r|^2 + lambda a.w,  r = z - C'w;   D(theta) = 1/2 |z|^2 - 1/2 |z - theta|^2,
/// theta feasible when c_j.theta <= lambda a_j for all j (two-sided when weights may be negative).

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

/// What rounding may hide in a gap that was accumulated in fp64 over d (and l0) terms: added to every gap,
/// so that the figure stays an upper bound, and far below any useful tolerance.
SPLICE_HOST_DEVICE inline double gap_rounding(double half_z_dot_z) { return 1e-14 * half_z_dot_z; }

/// Upper bound of c.r from a screened value of c^.r^ (quantised operands):
///   c.r = c^.r^ + (c - c^).r^ + c.(r - r^)  <=  value + |c - c^| |r^| + |c| |r - r^|.
template <class T>
SPLICE_HOST_DEVICE inline T screened_upper_bound(T value, T atom_error, T quantised_norm, T atom_norm,
                                                 T movement) {
  return value + atom_error * quantised_norm + atom_norm * movement;
}

}  // namespace splice_cuda::math

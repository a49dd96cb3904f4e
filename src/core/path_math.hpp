#pragma once

/// @file path_math.hpp
/// What decides where a row's solution path ends and which penalty it is given there (design.md, "Targets"), once for host
/// and device.

#include <cmath>
#include <cstdint>
#include <limits>

#include "core/lasso_math.hpp"

namespace splice_cuda::math {

/// Share of a row's lambda_max where its path ends, target or not.
inline constexpr double path_floor = 1e-3;

/// Of an atom's squared norm: what it adds to the support's span and is below depends on the support. fp64 Gram entries err by
/// 1e-15.
inline constexpr double path_pivot_floor = 1e-11;

/// Times that a dependent atom may push another one out: what is left between such atoms is rounding.
inline constexpr std::uint8_t most_exchanges = 8;

/// Slopes along a dependent atom that are nearer to 0 are rounding.
inline constexpr float least_slope = -1e-3f;

/// Of lambda: by how little less a correlation violates in fp64, ...
inline constexpr double path_violation = 1e-9;
/// ... what Newton steps leave, ...
inline constexpr double path_newton_tolerance = 1e-11;
/// ... steps from knot to knot that are none, and the way out where there are too many of them.
inline constexpr double idle_step = 1e-14;
inline constexpr double idle_way_out = 1e-9;

/// Penalties that are tried where the first one does not meet the target.
inline constexpr int most_penalty_moves = 24;

/// |C'w|^2, C'w.z and the cosine along one segment, as lambda falls by t. With s = sum x and s' its slope:
///   |C'w|^2 = v + 2 s t + s' t^2,   C'w.z = |C'w|^2 + lambda s = (v + lambda s) + (s + lambda s') t,
/// for G x = b - lambda and G x' = 1 in the support. Only sums of like signs: exact also where the code is tiny.
struct Segment {
  double lambda = 0;
  double square = 0;  ///< v
  double sum = 0;     ///< s
  double slope = 0;   ///< s'

  SPLICE_HOST_DEVICE double square_after(double t) const { return square + t * (2 * sum + t * slope); }

  /// The smallest t > 0 with  C'w.z >= cosine |C'w| |z|, infinity where there is none; on a segment that starts short
  /// of it.
  SPLICE_HOST_DEVICE double reaches(double cosine, double z_dot_z) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double c = cosine * cosine * z_dot_z;
    const double start = square + lambda * sum;
    const double rise = sum + lambda * slope;
    const double q2 = rise * rise - c * slope;
    if (square == 0) return q2 >= 0 ? 0 : infinity;  // the first segment: w in proportion to t
    const double q1 = 2 * (start * rise - c * sum);
    const double q0 = start * start - c * square;
    if (q0 >= 0) return 0;
    const double root = q1 * q1 - 4 * q2 * q0;
    if (root < 0) return infinity;
    if (q1 >= 0) {
      const double below = q1 + std::sqrt(root);
      return below > 0 ? -2 * q0 / below : infinity;
    }
    return q2 > 0 ? (std::sqrt(root) - q1) / (2 * q2) : infinity;
  }
};

/// The smallest float32 penalty above lambda, or the largest below it, in the units of a row scaled by 2^exponent. Not
/// at lambda itself, where rounding would decide whether an atom is in.
SPLICE_HOST_DEVICE inline float penalty_beside(double lambda, int exponent, bool above) {
  constexpr float largest = std::numeric_limits<float>::max();
  constexpr float smallest = std::numeric_limits<float>::denorm_min();
  const double wanted = std::ldexp(2 * lambda * (above ? 1 + 1e-11 : 1 - 1e-11), -exponent);
  if (!(wanted < static_cast<double>(largest))) return largest;
  auto penalty = static_cast<float>(wanted);
  if (above && static_cast<double>(penalty) < wanted) penalty = std::nextafter(penalty, largest);
  if (!above && static_cast<double>(penalty) > wanted) penalty = std::nextafter(penalty, 0.0f);
  return penalty > smallest ? penalty : smallest;
}

/// `steps` floats away from it.
SPLICE_HOST_DEVICE inline float moved_by(float penalty, std::int64_t steps, bool up) {
  constexpr float largest = std::numeric_limits<float>::max();
  constexpr float smallest = std::numeric_limits<float>::denorm_min();
  const double factor = 1 + (up ? 1.0 : -1.0) * 0x1p-23 * static_cast<double>(steps);
  auto moved = static_cast<float>(static_cast<double>(penalty) * factor);
  if (moved == penalty) moved = std::nextafter(penalty, up ? largest : 0.0f);
  if (moved < smallest) return smallest;
  return moved > largest ? largest : moved;
}

/// lambda of a row scaled by 2^exponent.
SPLICE_HOST_DEVICE inline double lambda_of(float penalty, int exponent) {
  return std::ldexp(0.5 * static_cast<double>(penalty), exponent);
}

/// Whether a code that is not 0 has the cosine, from C'w.z and |C'w|^2.
SPLICE_HOST_DEVICE inline bool has_cosine(double along, double square, double cosine, double z_dot_z) {
  return along > 0 && along >= cosine * std::sqrt(square * z_dot_z);
}

}  // namespace splice_cuda::math

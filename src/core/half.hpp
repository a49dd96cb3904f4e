#pragma once

/// @file half.hpp
/// Exact conversions between float and the two 16-bit formats: IEEE binary16 and bfloat16. Integer arithmetic
/// only, so that neither the processor's flags nor the rounding mode play a part. To 16 bits: round to
/// nearest, ties to even; subnormals, zeros of both signs and infinities as IEEE 754 has them; NaN stays NaN.

#include <bit>
#include <cstdint>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

constexpr float to_float(BFloat16 value) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

constexpr float to_float(Float16 value) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x8000u) << 16;
  const std::uint32_t exponent = (value.bits >> 10) & 0x1Fu;
  const std::uint32_t mantissa = value.bits & 0x3FFu;
  if (exponent == 0) {
    // Zero or subnormal: mantissa * 2^-24, exact in float.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  const std::uint32_t float_exponent = exponent == 0x1Fu ? 0xFFu : exponent + (127u - 15u);
  return std::bit_cast<float>(sign | (float_exponent << 23) | (mantissa << 13));
}

constexpr BFloat16 to_bfloat16(float value) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
    // The payload's upper bits may be zero: set the quiet bit, or NaN would turn into infinity.
    return {static_cast<std::uint16_t>((bits >> 16) | 0x0040u)};
  }
  const std::uint32_t ties_to_even = 0x7FFFu + ((bits >> 16) & 1u);
  return {static_cast<std::uint16_t>((bits + ties_to_even) >> 16)};
}

constexpr Float16 to_float16(float value) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) {
    return {static_cast<std::uint16_t>(sign | 0x7E00u | ((magnitude >> 13) & 0x1FFu))};
  }
  if (magnitude >= 0x477FF000u) {  // 65520, half-way beyond the largest finite value, and above
    return {static_cast<std::uint16_t>(sign | 0x7C00u)};
  }
  if (magnitude >= 0x38800000u) {  // 2^-14: normal; a carry out of the mantissa raises the exponent
    const std::uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u);
    return {static_cast<std::uint16_t>(sign | ((rounded - ((127u - 15u) << 23)) >> 13))};
  }
  if (magnitude < 0x33000000u) return {static_cast<std::uint16_t>(sign)};  // < 2^-25: zero
  // Subnormal: the mantissa with its leading one, in units of 2^-24.
  const std::uint32_t mantissa = (magnitude & 0x7FFFFFu) | 0x800000u;
  const std::uint32_t shift = 126u - (magnitude >> 23);  // 14 .. 24
  const std::uint32_t quotient = mantissa >> shift;
  const std::uint32_t remainder = mantissa & ((1u << shift) - 1u);
  const std::uint32_t half = 1u << (shift - 1u);
  const bool up = remainder > half || (remainder == half && (quotient & 1u) != 0);
  return {static_cast<std::uint16_t>(sign | (quotient + (up ? 1u : 0u)))};
}

}  // namespace splice_cuda

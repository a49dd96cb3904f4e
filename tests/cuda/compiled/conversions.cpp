// cvt: PTX ISA, "Data Movement and Conversion Instructions".

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/half.hpp"
#include "cuda/compiled/operations.hpp"

namespace splice_cuda::compiled {
namespace {

/// To nearest, ties to even; toward zero; down; up.
enum class Rounding { nearest, zero, down, up };

template <Rounding rounding>
double whole(double value) {
  if constexpr (rounding == Rounding::nearest) return std::nearbyint(value);
  if constexpr (rounding == Rounding::zero) return std::trunc(value);
  if constexpr (rounding == Rounding::down) return std::floor(value);
  return std::ceil(value);
}

/// Numbers that an integer can't hold become the nearest that it can. NaN becomes 0 or, where one side has 64 bits, the highest bit.
template <class D, class S>
D clamped(double value) {
  if (std::isnan(value)) {
    constexpr bool wide = sizeof(S) == 8 || sizeof(D) == 8;
    return wide ? static_cast<D>(std::uint64_t{1} << (8 * sizeof(D) - 1)) : D{0};
  }
  if (value <= static_cast<double>(std::numeric_limits<D>::min())) return std::numeric_limits<D>::min();
  if (value >= static_cast<double>(std::numeric_limits<D>::max())) return std::numeric_limits<D>::max();
  return static_cast<D>(value);
}

/// Between integers: what fits. To floating point: to nearest.
template <class D, class S>
void convert(Step& step) {
  Lanes& d = step.to();
  const Lanes& a = step.from(0);
  step.each([&](std::size_t l) {
    const D value = static_cast<D>(as<S>(a[l]));
    if constexpr (std::is_integral_v<D> && std::is_signed_v<D>) {
      d[l] = bits_of(static_cast<std::int64_t>(value));  // registers may be wider
    } else {
      d[l] = bits_of(value);
    }
  });
}

template <class D, class S, Rounding rounding>
void to_whole(Step& step) {
  Lanes& d = step.to();
  const Lanes& a = step.from(0);
  step.each([&](std::size_t l) {
    const double value = whole<rounding>(static_cast<double>(as<S>(a[l])));
    if constexpr (std::is_integral_v<D>) {
      d[l] = bits_of(clamped<D, S>(value));
    } else {
      d[l] = bits_of(static_cast<D>(value));
    }
  });
}

void float_of_half(Step& step) {
  step.each([&](std::size_t l) { step.to()[l] = bits_of(to_float(Float16{as<std::uint16_t>(step.from(0)[l])})); });
}
void half_of_float(Step& step) {
  step.each([&](std::size_t l) { step.to()[l] = bits_of(to_float16(as<float>(step.from(0)[l])).bits); });
}

template <class D, class S>
void add_whole(Operations& operations, const std::string& types) {
  operations["cvt.rni" + types] = to_whole<D, S, Rounding::nearest>;
  operations["cvt.rzi" + types] = to_whole<D, S, Rounding::zero>;
  operations["cvt.rmi" + types] = to_whole<D, S, Rounding::down>;
  operations["cvt.rpi" + types] = to_whole<D, S, Rounding::up>;
}

template <class D, class S>
void add_from_to(Operations& operations, const std::string& to, const std::string& from) {
  const std::string types = "." + to + "." + from;
  if constexpr (!(std::is_floating_point_v<S> && std::is_integral_v<D>)) operations["cvt" + types] = convert<D, S>;
  if constexpr (std::is_floating_point_v<D>) operations["cvt.rn" + types] = convert<D, S>;
  if constexpr (std::is_floating_point_v<S> && (std::is_integral_v<D> || std::is_same_v<D, S>)) add_whole<D, S>(operations, types);
}

template <class S>
void add_from(Operations& operations, const std::string& from) {
  if constexpr (std::is_integral_v<S>) {
    add_from_to<std::int8_t, S>(operations, "s8", from);
    add_from_to<std::uint8_t, S>(operations, "u8", from);
    add_from_to<std::int16_t, S>(operations, "s16", from);
    add_from_to<std::uint16_t, S>(operations, "u16", from);
  }
  add_from_to<std::int32_t, S>(operations, "s32", from);
  add_from_to<std::uint32_t, S>(operations, "u32", from);
  add_from_to<std::int64_t, S>(operations, "s64", from);
  add_from_to<std::uint64_t, S>(operations, "u64", from);
  add_from_to<float, S>(operations, "f32", from);
  add_from_to<double, S>(operations, "f64", from);
}

}  // namespace

void add_conversions(Operations& operations) {
  add_from<std::int8_t>(operations, "s8");
  add_from<std::uint8_t>(operations, "u8");
  add_from<std::int16_t>(operations, "s16");
  add_from<std::uint16_t>(operations, "u16");
  add_from<std::int32_t>(operations, "s32");
  add_from<std::uint32_t>(operations, "u32");
  add_from<std::int64_t>(operations, "s64");
  add_from<std::uint64_t>(operations, "u64");
  add_from<float>(operations, "f32");
  add_from<double>(operations, "f64");
  operations["cvt.f32.f16"] = float_of_half;
  operations["cvt.rn.f16.f32"] = half_of_float;
}

}  // namespace splice_cuda::compiled

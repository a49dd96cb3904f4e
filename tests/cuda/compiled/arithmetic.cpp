// Arithmetic, comparisons and bits: PTX ISA, "Integer", "Floating Point", "Comparison and Selection" and "Logic and Shift
// Instructions".

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "cuda/compiled/functions.hpp"
#include "cuda/compiled/operations.hpp"

namespace splice_cuda::compiled {
namespace {

template <class T>
struct Twice;
template <>
struct Twice<std::int16_t> {
  using Type = std::int32_t;
};
template <>
struct Twice<std::uint16_t> {
  using Type = std::uint32_t;
};
template <>
struct Twice<std::int32_t> {
  using Type = std::int64_t;
};
template <>
struct Twice<std::uint32_t> {
  using Type = std::uint64_t;
};

template <class T, class F>
void unary(Step& step) {
  const F f{};
  Lanes& d = step.to();
  const Lanes& a = step.from(0);
  step.each([&](std::size_t l) { d[l] = bits_of(f(as<T>(a[l]))); });
}

template <class T, class F>
void binary(Step& step) {
  const F f{};
  Lanes& d = step.to();
  const Lanes& a = step.from(0);
  const Lanes& b = step.from(1);
  step.each([&](std::size_t l) { d[l] = bits_of(f(as<T>(a[l]), as<T>(b[l]))); });
}

template <class T, class F>
void ternary(Step& step) {
  const F f{};
  Lanes& d = step.to();
  const Lanes& a = step.from(0);
  const Lanes& b = step.from(1);
  const Lanes& c = step.from(2);
  step.each([&](std::size_t l) { d[l] = bits_of(f(as<T>(a[l]), as<T>(b[l]), as<T>(c[l]))); });
}

/// Integers wrap around, as Plus has it.
struct Minus {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
    } else {
      return a - b;
    }
  }
};
struct Times {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
    } else {
      return a * b;
    }
  }
};
struct Over {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return static_cast<T>(-1);  // undefined
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return Minus{}(T{0}, a);
    }
    return a / b;
  }
};
struct Rest {
  template <class T>
  T operator()(T a, T b) const {
    if (b == 0) return a;
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
    return a % b;
  }
};
struct Wide {
  template <class T>
  typename Twice<T>::Type operator()(T a, T b) const {
    using D = typename Twice<T>::Type;
    return static_cast<D>(static_cast<D>(a) * static_cast<D>(b));
  }
};
struct High {
  template <class T>
  T operator()(T a, T b) const {
    __extension__ typedef __int128 Signed;
    __extension__ typedef unsigned __int128 Unsigned;
    using Product = std::conditional_t<std::is_signed_v<T>, Signed, Unsigned>;
    return static_cast<T>((static_cast<Product>(a) * static_cast<Product>(b)) >> (8 * sizeof(T)));
  }
};
struct TimesPlus {
  template <class T>
  T operator()(T a, T b, T c) const {
    return Plus{}(Times{}(a, b), c);
  }
};
struct Fused {
  template <class T>
  T operator()(T a, T b, T c) const {
    return std::fma(a, b, c);
  }
};
struct Negative {
  template <class T>
  T operator()(T a) const {
    if constexpr (std::is_integral_v<T>) {
      return Minus{}(T{0}, a);
    } else {
      return -a;
    }
  }
};
struct Size {
  template <class T>
  T operator()(T a) const {
    if constexpr (std::is_integral_v<T>) {
      return a < 0 ? Minus{}(T{0}, a) : a;
    } else {
      return std::fabs(a);
    }
  }
};
struct Root {
  template <class T>
  T operator()(T a) const {
    return std::sqrt(a);
  }
};
struct Reciprocal {
  template <class T>
  T operator()(T a) const {
    return T{1} / a;
  }
};
/// copysign.f32 d, a, b: the sign of a, the size of b.
struct SignOf {
  template <class T>
  T operator()(T a, T b) const {
    return std::copysign(b, a);
  }
};
struct And {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};
struct Or {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};
struct Xor {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(a ^ b);
  }
};
struct Not {
  template <class T>
  T operator()(T a) const {
    return static_cast<T>(~a);
  }
};
struct Ones {
  template <class T>
  std::uint32_t operator()(T a) const {
    return static_cast<std::uint32_t>(std::popcount(a));
  }
};
struct LeadingZeros {
  template <class T>
  std::uint32_t operator()(T a) const {
    return static_cast<std::uint32_t>(std::countl_zero(a));
  }
};
struct Reversed {
  std::uint32_t operator()(std::uint32_t a) const {
    std::uint32_t reversed = 0;
    for (int bit = 0; bit < 32; ++bit) reversed |= (a >> bit & 1u) << (31 - bit);
    return reversed;
  }
};
/// bfind.shiftamt.u32: by how much to shift the highest 1 to the top.
struct ShiftToTop {
  std::uint32_t operator()(std::uint32_t a) const { return a == 0 ? all_of_warp : static_cast<std::uint32_t>(std::countl_zero(a)); }
};

/// Predicates are 0 or 1; the constant -1 is 1, too.
template <class F>
void combine_predicates(Step& step) {
  Lanes& d = step.to();
  const Lanes& a = step.from(0);
  const Lanes& b = step.from(1);
  step.each([&](std::size_t l) { d[l] = F{}(std::uint64_t{a[l] != 0}, std::uint64_t{b[l] != 0}); });
}
void negate_predicate(Step& step) {
  step.each([&](std::size_t l) { step.to()[l] = step.from(0)[l] != 0 ? 0 : 1; });
}

/// Shifts by a 32-bit amount; more than all bits are as many as there are.
template <class T>
void shift_left(Step& step) {
  Lanes& d = step.to();
  const Lanes& a = step.from(0);
  const Lanes& b = step.from(1);
  step.each([&](std::size_t l) {
    const auto amount = as<std::uint32_t>(b[l]);
    d[l] = amount >= 8 * sizeof(T) ? 0 : bits_of(static_cast<T>(as<T>(a[l]) << amount));
  });
}
template <class T>
void shift_right(Step& step) {
  Lanes& d = step.to();
  const Lanes& a = step.from(0);
  const Lanes& b = step.from(1);
  step.each([&](std::size_t l) {
    const auto amount = as<std::uint32_t>(b[l]);
    const T value = as<T>(a[l]);
    const T gone = value < 0 ? static_cast<T>(-1) : T{0};
    d[l] = bits_of(amount >= 8 * sizeof(T) ? gone : static_cast<T>(value >> amount));
  });
}

/// bfi d, a, b, c, e: e bits of a to place c of b.
template <class T>
void insert_bits(Step& step) {
  Lanes& d = step.to();
  step.each([&](std::size_t l) {
    const std::uint32_t place = as<std::uint32_t>(step.from(2)[l]) & 0xFFu;
    const std::uint32_t count = as<std::uint32_t>(step.from(3)[l]) & 0xFFu;
    constexpr std::uint32_t bits = 8 * sizeof(T);
    T mask = 0;
    for (std::uint32_t i = place; i < place + count && i < bits; ++i) mask |= static_cast<T>(T{1} << i);
    const T moved = place >= bits ? T{0} : static_cast<T>(as<T>(step.from(0)[l]) << place);
    d[l] = bits_of(static_cast<T>((as<T>(step.from(1)[l]) & ~mask) | (moved & mask)));
  });
}

/// dp4a.s32.s32 d, a, b, c
void dot_bytes(Step& step) {
  Lanes& d = step.to();
  step.each([&](std::size_t l) {
    const auto a = as<std::uint32_t>(step.from(0)[l]);
    const auto b = as<std::uint32_t>(step.from(1)[l]);
    auto sum = as<std::uint32_t>(step.from(2)[l]);
    for (int byte = 0; byte < 4; ++byte) {
      sum += static_cast<std::uint32_t>(static_cast<std::int8_t>(a >> (8 * byte)) * static_cast<std::int8_t>(b >> (8 * byte)));
    }
    d[l] = sum;
  });
}

/// prmt.b32 d, a, b, c: four bytes of {b, a}; bit 3 of a choice repeats the byte's sign.
void permute_bytes(Step& step) {
  Lanes& d = step.to();
  step.each([&](std::size_t l) {
    const std::uint64_t bytes = (step.from(1)[l] & all_of_warp) << 32 | (step.from(0)[l] & all_of_warp);
    const auto choices = as<std::uint32_t>(step.from(2)[l]);
    std::uint32_t result = 0;
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::uint32_t choice = choices >> (4 * i) & 0xFu;
      std::uint32_t byte = static_cast<std::uint32_t>(bytes >> (8 * (choice & 7u))) & 0xFFu;
      if ((choice & 8u) != 0) byte = (byte & 0x80u) != 0 ? 0xFFu : 0u;
      result |= byte << (8 * i);
    }
    d[l] = result;
  });
}

/// mov, with the parts of a number on either side.
template <int bytes>
void move(Step& step) {
  const std::size_t to = step.instruction.to.size();
  const std::size_t from = step.instruction.from.size();
  if (to == 1 && from == 1) {
    Lanes& d = step.to();
    const Lanes& a = step.from(0);
    return step.each([&](std::size_t l) { d[l] = a[l]; });
  }
  const std::size_t bits = 8 * static_cast<std::size_t>(bytes) / std::max(to, from);
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  step.each([&](std::size_t l) {
    std::uint64_t whole = 0;
    for (std::size_t i = 0; i < from; ++i) whole |= (from == 1 ? step.from(i)[l] : step.from(i)[l] & mask) << (bits * i);
    for (std::size_t i = 0; i < to; ++i) step.to(i)[l] = to == 1 ? whole : whole >> (bits * i) & mask;
  });
}

void select(Step& step) {
  Lanes& d = step.to();
  const Lanes& a = step.from(0);
  const Lanes& b = step.from(1);
  const Lanes& predicate = step.from(2);
  step.each([&](std::size_t l) { d[l] = predicate[l] != 0 ? a[l] : b[l]; });
}

template <class T, class F>
void compare(Step& step) {
  const F f{};
  const Lanes& a = step.from(0);
  const Lanes& b = step.from(1);
  Lanes& d = step.to();
  const bool both = step.instruction.to.size() == 2;
  step.each([&](std::size_t l) {
    const bool passes = f(as<T>(a[l]), as<T>(b[l]));
    d[l] = passes ? 1 : 0;
    if (both) step.to(1)[l] = passes ? 0 : 1;
  });
}
struct Equal {
  template <class T>
  bool operator()(T a, T b) const {
    return a == b;
  }
};
/// Of floating-point numbers: and neither is NaN.
struct Unequal {
  template <class T>
  bool operator()(T a, T b) const {
    return a < b || b < a;
  }
};
struct Less {
  template <class T>
  bool operator()(T a, T b) const {
    return a < b;
  }
};
struct AtMost {
  template <class T>
  bool operator()(T a, T b) const {
    return a <= b;
  }
};
struct Greater {
  template <class T>
  bool operator()(T a, T b) const {
    return a > b;
  }
};
struct AtLeast {
  template <class T>
  bool operator()(T a, T b) const {
    return a >= b;
  }
};
/// The opposite of F: true where a number is NaN.
template <class F>
struct Opposite {
  template <class T>
  bool operator()(T a, T b) const {
    return !F{}(a, b);
  }
};

template <class T>
void add_comparisons(Operations& operations, const std::string& type) {
  operations["setp.eq." + type] = compare<T, Equal>;
  operations["setp.ne." + type] = compare<T, Unequal>;
  if (type[0] == 'b') return;
  operations["setp.lt." + type] = compare<T, Less>;
  operations["setp.le." + type] = compare<T, AtMost>;
  operations["setp.gt." + type] = compare<T, Greater>;
  operations["setp.ge." + type] = compare<T, AtLeast>;
  if (type[0] != 'f') return;
  operations["setp.equ." + type] = compare<T, Opposite<Unequal>>;
  operations["setp.neu." + type] = compare<T, Opposite<Equal>>;
  operations["setp.ltu." + type] = compare<T, Opposite<AtLeast>>;
  operations["setp.leu." + type] = compare<T, Opposite<Greater>>;
  operations["setp.gtu." + type] = compare<T, Opposite<AtMost>>;
  operations["setp.geu." + type] = compare<T, Opposite<Less>>;
}

template <class T>
void add_integers(Operations& operations, const std::string& type) {
  operations["add." + type] = binary<T, Plus>;
  operations["sub." + type] = binary<T, Minus>;
  operations["mul.lo." + type] = binary<T, Times>;
  operations["mul.hi." + type] = binary<T, High>;
  operations["mad.lo." + type] = ternary<T, TimesPlus>;
  operations["div." + type] = binary<T, Over>;
  operations["rem." + type] = binary<T, Rest>;
  operations["min." + type] = binary<T, Least>;
  operations["max." + type] = binary<T, Most>;
  operations["shr." + type] = shift_right<T>;
  if constexpr (std::is_signed_v<T>) {
    operations["neg." + type] = unary<T, Negative>;
    operations["abs." + type] = unary<T, Size>;
  }
  if constexpr (sizeof(T) < 8) operations["mul.wide." + type] = binary<T, Wide>;
  add_comparisons<T>(operations, type);
}

template <class T>
void add_floats(Operations& operations, const std::string& type) {
  operations["add.rn." + type] = binary<T, Plus>;
  operations["sub.rn." + type] = binary<T, Minus>;
  operations["mul.rn." + type] = binary<T, Times>;
  operations["div.rn." + type] = binary<T, Over>;
  operations["fma.rn." + type] = ternary<T, Fused>;
  operations["sqrt.rn." + type] = unary<T, Root>;
  operations["rcp.rn." + type] = unary<T, Reciprocal>;
  operations["min." + type] = binary<T, Least>;
  operations["max." + type] = binary<T, Most>;
  operations["neg." + type] = unary<T, Negative>;
  operations["abs." + type] = unary<T, Size>;
  operations["copysign." + type] = binary<T, SignOf>;
  add_comparisons<T>(operations, type);
}

template <class T>
void add_bits(Operations& operations, const std::string& type) {
  operations["and." + type] = binary<T, And>;
  operations["or." + type] = binary<T, Or>;
  operations["xor." + type] = binary<T, Xor>;
  operations["not." + type] = unary<T, Not>;
  operations["shl." + type] = shift_left<T>;
  if constexpr (sizeof(T) >= 4) {
    operations["popc." + type] = unary<T, Ones>;
    operations["clz." + type] = unary<T, LeadingZeros>;
    operations["bfi." + type] = insert_bits<T>;
  }
  add_comparisons<T>(operations, type);
}

}  // namespace

void add_arithmetic(Operations& operations) {
  add_integers<std::int16_t>(operations, "s16");
  add_integers<std::uint16_t>(operations, "u16");
  add_integers<std::int32_t>(operations, "s32");
  add_integers<std::uint32_t>(operations, "u32");
  add_integers<std::int64_t>(operations, "s64");
  add_integers<std::uint64_t>(operations, "u64");
  add_floats<float>(operations, "f32");
  add_floats<double>(operations, "f64");
  add_bits<std::uint16_t>(operations, "b16");
  add_bits<std::uint32_t>(operations, "b32");
  add_bits<std::uint64_t>(operations, "b64");
  operations["and.pred"] = combine_predicates<And>;
  operations["or.pred"] = combine_predicates<Or>;
  operations["xor.pred"] = combine_predicates<Xor>;
  operations["not.pred"] = negate_predicate;
  operations["brev.b32"] = unary<std::uint32_t, Reversed>;
  operations["bfind.shiftamt.u32"] = unary<std::uint32_t, ShiftToTop>;
  operations["dp4a.s32.s32"] = dot_bytes;
  operations["prmt.b32"] = permute_bytes;
  operations["mov.pred"] = move<1>;
  for (const char* type : {"16", "32", "64"}) {
    for (const char* kind : {"b", "u", "s", "f"}) {
      const std::string name = std::string(kind) + type;
      operations["selp." + name] = select;
      operations["mov." + name] = type[0] == '1' ? move<2> : type[0] == '3' ? move<4> : move<8>;
    }
  }
}

}  // namespace splice_cuda::compiled

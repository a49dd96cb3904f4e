#pragma once

/// @file aligned.hpp
/// Zeroed, cache-line aligned arrays.

#include <cstddef>
#include <memory>
#include <type_traits>

namespace splice_cuda::cpu {

/// Bytes every array starts at a multiple of.
inline constexpr std::size_t array_alignment = 64;

struct AlignedDelete {
  void operator()(void* p) const noexcept;
};
template <class T>
using AlignedArray = std::unique_ptr<T[], AlignedDelete>;

/// Zeroed memory. @throws OutOfMemoryError naming `what` and the size.
void* allocate_aligned(std::size_t bytes, const char* what);

template <class T>
  requires std::is_trivial_v<T>
AlignedArray<T> make_aligned(std::size_t count, const char* what) {
  return AlignedArray<T>(static_cast<T*>(allocate_aligned(count * sizeof(T), what)));
}

template <class T>
constexpr T round_up(T value, T multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace splice_cuda::cpu

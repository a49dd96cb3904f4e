#pragma once

/// @file huge_pages.hpp
/// Large arrays in pages of 2 MiB.

#include <cstddef>
#include <vector>

namespace splice_cuda {

inline constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Wishes for huge pages where whole ones lie in [memory, memory + bytes): fewer faults when it is first written to, fewer
/// misses when it is read anywhere. Systems without such pages, or told not to use them, do nothing.
void ask_for_huge_pages(void* memory, std::size_t bytes) noexcept;

/// Room for `count` elements, in such pages where there are many.
template <class T>
void reserve_in_huge_pages(std::vector<T>& values, std::size_t count) {
  values.reserve(count);
  ask_for_huge_pages(values.data(), values.capacity() * sizeof(T));
}

}  // namespace splice_cuda

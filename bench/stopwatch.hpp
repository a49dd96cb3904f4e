#pragma once

/// @file stopwatch.hpp
/// Wall time of a call.

#include <chrono>
#include <utility>

namespace splice_cuda::bench {

template <class Function>
double seconds_of(Function&& function) {
  const auto start = std::chrono::steady_clock::now();
  std::forward<Function>(function)();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace splice_cuda::bench

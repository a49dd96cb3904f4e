#pragma once

/// @file stopwatch.hpp
/// Wall and processor time of a call.

#include <chrono>
#include <ctime>
#include <utility>

namespace splice_cuda::bench {

template <class Function>
double seconds_of(Function&& function) {
  const auto start = std::chrono::steady_clock::now();
  std::forward<Function>(function)();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Times {
  double wall = 0;
  double processor = 0;  ///< of all threads together; what other programs take is not in it
};

template <class Function>
Times times_of(Function&& function) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double start = now();
  const double wall = seconds_of(std::forward<Function>(function));
  return {wall, now() - start};
}

}  // namespace splice_cuda::bench

#pragma once

/// @file stopwatch.hpp
/// Wall time of a call, or the time that the calling thread ran.

#include <chrono>
#include <ctime>
#include <utility>

namespace splice_cuda::bench {

/// A clock, in seconds.
using Clock = double (*)();

inline double wall_clock() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Stands still while others have the core.
inline double thread_clock() {
  std::timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <class Function>
double seconds_of(Function&& function, Clock clock = wall_clock) {
  const double start = clock();
  std::forward<Function>(function)();
  return clock() - start;
}

}  // namespace splice_cuda::bench

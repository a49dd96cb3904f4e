#pragma once

/// @file stopwatch.hpp
/// Wall and processor time of a call, or the time that the calling thread ran.

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

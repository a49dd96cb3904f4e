#pragma once

/// @file profiled_section.hpp
/// Tells `perf record -D -1 --control fifo:PATH` to count from here to the end of the scope, where the
/// environment variable SPLICE_PERF_CONTROL names that PATH: set-up stays out of the profile. Without the
/// variable, nothing.

#include <cstdlib>
#include <fstream>

namespace splice_cuda::bench {

class ProfiledSection {
 public:
  ProfiledSection() { tell("enable"); }
  ~ProfiledSection() { tell("disable"); }
  ProfiledSection(const ProfiledSection&) = delete;
  ProfiledSection& operator=(const ProfiledSection&) = delete;

 private:
  static void tell(const char* command) {
    const char* path = std::getenv("SPLICE_PERF_CONTROL");
    if (path != nullptr) std::ofstream(path) << command << std::endl;
  }
};

}  // namespace splice_cuda::bench

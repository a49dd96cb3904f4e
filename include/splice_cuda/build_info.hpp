#pragma once

/// @file build_info.hpp
/// What this library was built from and for, and what it finds on this machine.

#include <cstddef>
#include <string>
#include <vector>

#include "splice_cuda/device.hpp"

namespace splice_cuda {

struct CudaDeviceInfo {
  Device device;
  std::string name;
  int capability_major = 0;
  int capability_minor = 0;
  std::size_t memory_bytes = 0;
  bool usable = false;  ///< false: older than the library's kernels
};

/// Versions are "major.minor" or "major.minor.patch"; empty where there is none.
struct CudaInfo {
  bool compiled = false;      ///< whether the library has a CUDA backend at all
  std::string toolkit;        ///< it was compiled with
  std::string architectures;  ///< its kernels were compiled for, as CMake has them: "80-real;90a-real;120"
  std::string runtime;        ///< of cudart, linked in
  std::string cublaslt;       ///< loaded when it is needed, and for its version; empty where it can't be, or was not asked for
  std::string cusparse;       ///< likewise
  std::string driver;         ///< newest CUDA that the driver runs
  std::vector<CudaDeviceInfo> devices;
  std::string problem;        ///< why there are no devices; empty where there are
};

/// Asks the driver each time. Never throws for what it does not find.
/// @param libraries  whether the versions of cuBLASLt and cuSPARSE are asked for, which takes 0.1 s
CudaInfo cuda_info(bool libraries = true);

struct BuildInfo {
  std::string compiler;  ///< "GNU 12.2.0"
  std::string type;      ///< "Release"
  std::string sanitizer; ///< "address,undefined"; empty as a rule
  bool shared = false;   ///< a shared library
};

BuildInfo build_info();

}  // namespace splice_cuda

#pragma once

/// @file on_demand_library.hpp
/// A shared library that is opened by the first call which needs it. cuBLASLt and cuSPARSE take 0.1 s and 240 MB
/// to load: too much for a process that stays on the CPU, or whose device multiplies by the kernels of this library alone. Nor does a
/// machine without them keep a program from starting.

#include <string>

namespace splice_cuda::cuda {

class OnDemandLibrary {
 public:
  /// Opens it, for good: what is in use in a process can't be closed.
  /// @param name       "libcublasLt.so.13": the one that the process has already, or found where the loader looks
  /// @param directory  where it lay when this was compiled, looked at last
  /// @throws DeviceError that names it, with the loader's reasons
  OnDemandLibrary(const std::string& name, const std::string& directory);

  /// Sets `function` to the library's function of this name. @throws DeviceError that names both
  template <class Function>
  void find(const char* symbol, Function*& function) const {
    function = reinterpret_cast<Function*>(address_of(symbol));
  }

 private:
  void* address_of(const char* symbol) const;

  std::string name_;
  void* library_ = nullptr;
};

}  // namespace splice_cuda::cuda

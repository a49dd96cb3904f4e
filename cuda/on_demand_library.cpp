#include "on_demand_library.hpp"

#include <dlfcn.h>

#include <string>

#include "splice_cuda/error.hpp"

namespace splice_cuda::cuda {
namespace {

std::string latest_reason() {
  const char* reason = dlerror();
  return reason != nullptr ? reason : "the loader gives no reason";
}

}  // namespace

OnDemandLibrary::OnDemandLibrary(const std::string& name, const std::string& directory) : name_(name) {
  std::string reasons;
  for (const std::string& place : {name, directory + "/" + name}) {
    library_ = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ != nullptr) return;
    reasons += "\n  " + latest_reason();
  }
  throw DeviceError(name + ": can't be loaded, expected CUDA's libraries of the version that this was compiled with, where the "
                    "loader finds them (LD_LIBRARY_PATH). Tried:" + reasons);
}

void* OnDemandLibrary::address_of(const char* symbol) const {
  void* address = dlsym(library_, symbol);
  if (address == nullptr) {
    throw DeviceError(name_ + ": has no " + symbol + ", expected CUDA's library of the version that this was compiled with");
  }
  return address;
}

}  // namespace splice_cuda::cuda

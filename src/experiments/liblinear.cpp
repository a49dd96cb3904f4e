#include "experiments/liblinear.hpp"

#include <dlfcn.h>

#include <string>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

template <class Function>
Function* find(void* library, const char* name) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) throw DeviceError(std::string("probe: ") + SPLICE_LIBLINEAR_FILE + " has no " + name + "; expected liblinear of the version that this was built with");
  return reinterpret_cast<Function*>(symbol);
}

Liblinear load() {
  void* library = dlopen(SPLICE_LIBLINEAR_FILE, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    throw DeviceError(std::string("probe: found no liblinear, which fits probes (") + (reason == nullptr ? SPLICE_LIBLINEAR_FILE : reason) + "); expected Debian's liblinear4 or its like");
  }
  return {find<decltype(::train)>(library, "train"), find<decltype(::free_and_destroy_model)>(library, "free_and_destroy_model"),
          find<decltype(::set_print_string_function)>(library, "set_print_string_function")};
}

}  // namespace

const Liblinear& Liblinear::get() {
  static const Liblinear functions = load();
  return functions;
}

}  // namespace splice_cuda

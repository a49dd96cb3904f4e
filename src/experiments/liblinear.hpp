#pragma once

/// @file liblinear.hpp
/// liblinear, loaded when a probe is trained: it brings a BLAS, and some of those start threads and take memory as soon as they are
/// loaded, which no other verb should pay for.

#include <linear.h>

namespace splice_cuda {

struct Liblinear {
  decltype(&::train) train;
  decltype(&::free_and_destroy_model) free_and_destroy_model;
  decltype(&::set_print_string_function) set_print_string_function;

  /// Loaded at the first call, for good. @throws DeviceError where it is absent
  static const Liblinear& get();
};

}  // namespace splice_cuda

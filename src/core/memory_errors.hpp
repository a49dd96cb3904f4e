#pragma once

/// @file memory_errors.hpp
/// One kind of error for memory that ran out, whichever allocation it was.

#include <new>
#include <string>
#include <string_view>

#include "splice_cuda/error.hpp"

namespace splice_cuda {

/// call(); std::bad_alloc becomes an OutOfMemoryError that says what was being done.
template <class Call>
auto with_memory_errors(std::string_view doing, Call call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw OutOfMemoryError("out of memory while " + std::string(doing));
  }
}

}  // namespace splice_cuda

#pragma once

/// @file fail.hpp
/// What readers say of a file that is not as it should be.

#include <string>

#include "splice_cuda/error.hpp"

namespace splice_cuda::io {

/// @throws FileError "name: found ..., expected ..."
[[noreturn]] inline void fail(const std::string& name, const std::string& found, const std::string& expected) {
  throw FileError(name + ": found " + found + ", expected " + expected);
}

}  // namespace splice_cuda::io

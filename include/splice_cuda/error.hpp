#pragma once

/// @file error.hpp
/// What the library throws. A row that does not converge, or that holds a NaN, is not an error: it is
/// told in that row's report (codes.hpp).

#include <stdexcept>
#include <string>

namespace splice_cuda {

/// Base of everything the library throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A wrong argument. The message names the argument, what was given and what is expected.
class ArgumentError : public Error {
 public:
  using Error::Error;
};

/// A file that can't be read, is not what it says it is, or can't be written. Names the path.
class FileError : public Error {
 public:
  using Error::Error;
};

/// The memory limit, or the machine's memory, does not hold even the smallest tile.
class OutOfMemoryError : public Error {
 public:
  using Error::Error;
};

/// A device that is absent, unsupported, or not compiled in; a failed device call.
class DeviceError : public Error {
 public:
  using Error::Error;
};

/// The caller's cancel callback asked to stop. No output was written.
class CancelledError : public Error {
 public:
  using Error::Error;
};

}  // namespace splice_cuda

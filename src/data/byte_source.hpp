#pragma once

/// @file byte_source.hpp
/// Bytes from a file, from stdin or from a program, plain or deflated, a piece at a time.

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace splice_cuda::data {

/// Asked again and again while slow input is waited for: throws to end the wait. May be empty.
using StopCheck = std::function<void()>;

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills a part of `out`. @returns how much; 0 at the end.
  /// @throws FileError, and what the source's StopCheck throws
  virtual std::size_t read(std::span<char> out) = 0;
};

/// A regular file. What begins as gzip does is inflated.
/// @throws FileError, also for a pipe or a device: it is neither read nor waited for
std::unique_ptr<ByteSource> open_bytes(const std::string& path, const StopCheck& stop = {});

/// The same of a file, a pipe or a device, or of stdin for "-".
/// @throws FileError
std::unique_ptr<ByteSource> open_stream(const std::string& path, const StopCheck& stop = {});

/// Standard output of a program that is found on PATH; no shell has a part in it. Once it has ended with another status than 0,
/// `read` throws a FileError of the form "NAME: what the program's standard error says".
/// @param name  what messages call the source
/// @throws FileError where the program can't be started
std::unique_ptr<ByteSource> run_program(const std::vector<std::string>& arguments, const std::string& name, const StopCheck& stop = {});

}  // namespace splice_cuda::data

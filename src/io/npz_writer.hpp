#pragma once

/// @file npz_writer.hpp
/// Writes .npz archives, stored and not deflated.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/npy.hpp"

namespace splice_cuda::io {

/// Collects members, then writes the archive. Their data have to outlive `write`.
class NpzWriter {
 public:
  /// A vector.
  template <class T>
  void add(const std::string& name, NpyType type, const std::vector<T>& values) {
    const std::int64_t count = static_cast<std::int64_t>(values.size());
    add_bytes(name, npy_header(type, {&count, 1}), std::as_bytes(std::span(values)));
  }
  /// A member `name`.npy with the header given.
  void add_bytes(const std::string& name, std::string header, std::span<const std::byte> data) {
    members_.push_back({name + ".npy", std::move(header), data});
  }
  /// Whole or not at all (AtomicFile). @throws FileError
  void write(const std::filesystem::path& path) const;

 private:
  struct Member {
    std::string name;
    std::string header;
    std::span<const std::byte> data;
  };
  std::vector<Member> members_;
};

}  // namespace splice_cuda::io

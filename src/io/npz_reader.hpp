#pragma once

/// @file npz_reader.hpp
/// Reads members of .npz archives, of which each size, type and checksum is checked.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <zip.h>

#include "io/npy.hpp"

namespace splice_cuda::io {

/// Members are vectors whose length the caller knows. A member that claims more bytes than that takes is
/// refused before it is inflated, and memory grows only with bytes that have been read: neither a claim nor
/// a zip bomb makes it allocate. Every function throws a FileError that names the member.
class NpzReader {
 public:
  explicit NpzReader(const std::filesystem::path& path);

  bool contains(const std::string& name) const;
  std::vector<double> doubles(const std::string& name, std::int64_t count);
  std::vector<std::int32_t> int32s(const std::string& name, std::int64_t count);
  std::vector<std::uint8_t> bytes(const std::string& name, std::int64_t count);
  /// int32 or int64, as NumPy and SciPy choose.
  std::vector<std::int64_t> integers(const std::string& name, std::int64_t count);
  /// f16, f32 or f64.
  std::vector<float> floats(const std::string& name, std::int64_t count);
  /// A vector of bytes of any length up to `most`.
  std::string text(const std::string& name, std::int64_t most);
  /// The letters of SciPy's member "format" ("csr"), an array of bytes ("|S3") or unicode ("<U3"), which parse_npy does not
  /// read; empty where there is none.
  std::string format();

  /// "path:name.npy", for messages.
  std::string label(const std::string& name) const { return path_.string() + ":" + name + ".npy"; }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  struct ZipClose {
    void operator()(zip_t* zip) const noexcept { zip_discard(zip); }
  };

  NpyArray vector(const std::string& name, std::int64_t count);
  template <class T>
  std::vector<T> values(const std::string& name, NpyType type, std::int64_t count);
  void read_member(const std::string& name, std::int64_t most_elements, std::uint64_t element_bytes);
  void inflate(const std::string& name, std::uint64_t size);

  std::filesystem::path path_;
  std::unique_ptr<zip_t, ZipClose> zip_;
  std::vector<std::byte> bytes_;  ///< of the member read last
};

}  // namespace splice_cuda::io

#pragma once

/// @file tar_shards.hpp
/// Members of tar archives, which are listed once and read one by one afterwards. Nothing of an archive is ever written to disk.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace splice_cuda::data {

/// A regular member.
struct TarMember {
  std::string name;          ///< as the archive has it, which may be absolute or lead upwards: no path on this machine
  std::int64_t header = 0;   ///< where its header begins
  std::int64_t size = 0;     ///< bytes, which the archive has
};

/// Visits the regular members in their order; the visitor may ask for a member's bytes, of at most `most` (1 MiB for labels).
/// @throws FileError for what is no uncompressed tar, and where it is cut off: the members before were visited
class TarReader {
 public:
  using Bytes = std::function<std::vector<std::uint8_t>(std::int64_t most)>;
  static void visit(const std::filesystem::path& path, const std::function<void(const TarMember&, const Bytes&)>& visitor);

  /// The bytes of one member. @throws FileError where the archive is another by now
  static std::vector<std::uint8_t> read(const std::filesystem::path& path, std::int64_t header, std::int64_t size, const std::string& name);
};

}  // namespace splice_cuda::data

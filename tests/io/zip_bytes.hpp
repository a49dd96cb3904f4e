#pragma once

/// @file zip_bytes.hpp
/// Zip archives written by hand, sound or lying: independent of libzip.

#include <zlib.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace splice_cuda::testing {

/// `size` little-endian bytes.
inline std::string little_endian(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

/// Raw deflate stream (no zlib header), as zip holds it.
inline std::string deflated(const std::string& data) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("deflateInit2");
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("deflate");
  return out;
}

struct ZipMember {
  std::string name;
  std::string held;        ///< bytes in the archive
  std::uint64_t size = 0;  ///< claimed size once inflated
  std::uint32_t checksum = 0;
  int method = 0;  ///< 0 stored, 8 deflated
  int flags = 0;   ///< 1 encrypted
};

inline ZipMember zip_member(const std::string& name, const std::string& data, bool deflate_it = false) {
  ZipMember member;
  member.name = name;
  member.held = deflate_it ? deflated(data) : data;
  member.size = data.size();
  member.checksum = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
  member.method = deflate_it ? 8 : 0;
  return member;
}

/// A size of 2^32 - 1 or more needs the zip64 field. @returns what both headers share from the version on
inline std::string zip_header_fields(const ZipMember& member, std::string& extra) {
  const bool large = member.size >= 0xffffffffu;
  if (large)
    extra = little_endian(1, 2) + little_endian(16, 2) + little_endian(member.size, 8) +
            little_endian(member.held.size(), 8);
  constexpr int first_day = 1 << 5 | 1;
  return little_endian(large ? 45 : 20, 2) + little_endian(static_cast<std::uint64_t>(member.flags), 2) +
         little_endian(static_cast<std::uint64_t>(member.method), 2) + little_endian(0, 2) +
         little_endian(first_day, 2) + little_endian(member.checksum, 4) +
         little_endian(large ? 0xffffffffu : member.held.size(), 4) +
         little_endian(large ? 0xffffffffu : member.size, 4) + little_endian(member.name.size(), 2) +
         little_endian(extra.size(), 2);
}

/// Local headers and data, the central directory, its end.
inline std::string zip_bytes(const std::vector<ZipMember>& members) {
  std::string file;
  std::string directory;
  for (const ZipMember& member : members) {
    std::string extra;
    const std::string fields = zip_header_fields(member, extra);
    const std::string offset = little_endian(file.size(), 4);
    file += "PK\x03\x04" + fields + member.name + extra + member.held;
    directory +=
        "PK\x01\x02" + little_endian(45, 2) + fields + std::string(10, '\0') + offset + member.name + extra;
  }
  const std::string count = little_endian(members.size(), 2);
  const std::string end = "PK\x05\x06" + std::string(4, '\0') + count + count +
                          little_endian(directory.size(), 4) + little_endian(file.size(), 4) +
                          std::string(2, '\0');
  return file + directory + end;
}

}  // namespace splice_cuda::testing

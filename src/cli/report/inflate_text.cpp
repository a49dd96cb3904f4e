#include "cli/report/inflate_text.hpp"

#include <array>

#include <zlib.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {

std::string inflate_text(std::span<const std::uint8_t> gzip) {
  if (gzip.empty()) return "";
  z_stream stream = {};
  constexpr int with_gzip_header = 16 + MAX_WBITS;
  if (inflateInit2(&stream, with_gzip_header) != Z_OK) throw Error("zlib: inflateInit2 failed");
  stream.next_in = const_cast<Bytef*>(gzip.data());
  stream.avail_in = static_cast<uInt>(gzip.size());
  std::string text;
  std::array<char, 65536> block{};
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(block.data(), block.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw Error("zlib: damaged text in the command");
  return text;
}

}  // namespace splice_cuda::cli

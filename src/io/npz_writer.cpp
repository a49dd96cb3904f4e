#include "io/npz_writer.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>

#include <zip.h>

#include "io/atomic_file.hpp"
#include "io/fail.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::io {
namespace {

struct ZipClose {
  void operator()(zip_t* zip) const noexcept { zip_discard(zip); }
};
using Zip = std::unique_ptr<zip_t, ZipClose>;

/// One member: header and data, read by libzip without a copy of the data.
struct Stream {
  const std::string& header;
  std::span<const std::byte> data;
  zip_uint64_t at = 0;
  zip_error_t error{};

  zip_uint64_t size() const { return header.size() + data.size(); }
  zip_uint64_t copy(void* out, zip_uint64_t length) {
    zip_uint64_t done = 0;
    const auto take = [&](const void* source, zip_uint64_t offset, zip_uint64_t available) {
      const zip_uint64_t count = std::min(length - done, available - offset);
      std::memcpy(static_cast<char*>(out) + done, static_cast<const char*>(source) + offset, count);
      done += count;
      at += count;
    };
    if (at < header.size()) take(header.data(), at, header.size());
    if (at >= header.size() && done < length && at < size()) {
      take(data.data(), at - header.size(), data.size());
    }
    return done;
  }
};

zip_int64_t serve_stream(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  auto* stream = static_cast<Stream*>(state);
  switch (command) {
    case ZIP_SOURCE_OPEN: stream->at = 0; return 0;
    case ZIP_SOURCE_READ: return static_cast<zip_int64_t>(stream->copy(data, length));
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE: return 0;
    case ZIP_SOURCE_STAT: {
      auto* status = static_cast<zip_stat_t*>(data);
      zip_stat_init(status);
      status->size = stream->size();
      status->valid = ZIP_STAT_SIZE;
      return sizeof(zip_stat_t);
    }
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&stream->error, data, length);
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                            ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    default: zip_error_set(&stream->error, ZIP_ER_OPNOTSUPP, 0); return -1;
  }
}

}  // namespace

void NpzWriter::write(const std::filesystem::path& path) const {
  AtomicFile file(path);
  std::deque<Stream> streams;  // libzip keeps pointers to them until it closes
  int code = 0;
  Zip zip(zip_open(file.temporary_path().c_str(), ZIP_TRUNCATE, &code));
  if (!zip) fail(path.string(), "error " + std::to_string(code) + " from libzip", "a new archive");
  for (const Member& member : members_) {
    streams.push_back({member.header, member.data});
    zip_source_t* source = zip_source_function(zip.get(), serve_stream, &streams.back());
    const zip_int64_t index =
        source == nullptr ? -1 : zip_file_add(zip.get(), member.name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      if (source != nullptr) zip_source_free(source);
      fail(path.string(), zip_strerror(zip.get()), "room for a member");
    }
    // Stored, not deflated: float weights hardly shrink, and readers can map them.
    zip_set_file_compression(zip.get(), static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
    // The first day that zip can say: the same results give the same bytes, at any time and in any time zone.
    zip_file_set_dostime(zip.get(), static_cast<zip_uint64_t>(index), 0, 1 << 5 | 1, 0);
  }
  if (zip_close(zip.get()) != 0) {
    throw FileError(path.string() + ": can't write: " + zip_strerror(zip.get()));
  }
  static_cast<void>(zip.release());
  file.adopt_written();
  file.commit();
}

}  // namespace splice_cuda::io

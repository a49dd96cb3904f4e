#include "clip/zip_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

struct Position {
  const io::MappedFile* file = nullptr;
  std::size_t at = 0;
  zip_error_t error = {};

  std::size_t size() const noexcept { return file->bytes().size(); }
};

zip_int64_t read_some(Position& position, void* out, zip_uint64_t wanted) noexcept {
  const std::size_t count = std::min<std::size_t>(wanted, position.size() - position.at);
  try {
    position.file->read_at(position.at, {static_cast<std::byte*>(out), count});
  } catch (...) {
    zip_error_set(&position.error, ZIP_ER_READ, EIO);
    return -1;
  }
  position.at += count;
  return static_cast<zip_int64_t>(count);
}

zip_int64_t describe(Position& position, void* out, zip_uint64_t space) noexcept {
  if (space < sizeof(zip_stat_t)) {
    zip_error_set(&position.error, ZIP_ER_INVAL, 0);
    return -1;
  }
  auto* status = static_cast<zip_stat_t*>(out);
  zip_stat_init(status);
  status->size = position.size();
  status->valid |= ZIP_STAT_SIZE;
  return sizeof(zip_stat_t);
}

zip_int64_t answer(void* state, void* data, zip_uint64_t size, zip_source_cmd_t command) noexcept {
  auto& position = *static_cast<Position*>(state);
  switch (command) {
    case ZIP_SOURCE_OPEN: position.at = 0; return 0;
    case ZIP_SOURCE_READ: return read_some(position, data, size);
    case ZIP_SOURCE_CLOSE: return 0;
    case ZIP_SOURCE_STAT: return describe(position, data, size);
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&position.error, data, size);
    case ZIP_SOURCE_FREE: delete &position; return 0;
    case ZIP_SOURCE_TELL: return static_cast<zip_int64_t>(position.at);
    case ZIP_SOURCE_SEEK: {
      const zip_int64_t to =
          zip_source_seek_compute_offset(position.at, position.size(), data, size, &position.error);
      if (to < 0) return -1;
      position.at = static_cast<std::size_t>(to);
      return 0;
    }
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                            ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                            ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
    default: zip_error_set(&position.error, ZIP_ER_OPNOTSUPP, 0); return -1;
  }
}

}  // namespace

zip_t* open_zip(const io::MappedFile& file, std::string& why) {
  auto position = std::make_unique<Position>();
  position->file = &file;
  zip_error_t error;
  zip_error_init(&error);
  zip_t* zip = nullptr;
  // The source owns the position, the archive the source: but for the failures between.
  if (zip_source_t* source = zip_source_function_create(&answer, position.get(), &error); source != nullptr) {
    position.release();
    zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    if (zip == nullptr) zip_source_free(source);
  }
  if (zip == nullptr) why = zip_error_strerror(&error);
  zip_error_fini(&error);
  return zip;
}

bool has_one_end(const io::MappedFile& file) {
  constexpr std::size_t record = 22;
  constexpr std::size_t longest_comment = 65535;
  constexpr std::string_view magic = "PK\x05\x06";
  const std::size_t size = std::min(file.bytes().size(), longest_comment + record);
  if (size < record) return false;
  std::vector<char> bytes(size);
  file.read_at(file.bytes().size() - size, std::as_writable_bytes(std::span(bytes)));
  const std::string_view tail(bytes.data(), size);
  const auto reaches_end = [&](std::size_t at) {
    const auto low = static_cast<unsigned char>(tail[at + record - 2]);
    const auto high = static_cast<unsigned char>(tail[at + record - 1]);
    return at + record + (std::size_t{high} << 8 | low) == size;
  };
  for (std::size_t at = tail.find(magic); at < size - record; at = tail.find(magic, at + 1)) {
    if (reaches_end(at)) return false;
  }
  return tail.substr(size - record).starts_with(magic) && reaches_end(size - record);
}

}  // namespace splice_cuda::clip

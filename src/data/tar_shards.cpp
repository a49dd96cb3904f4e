#include "data/tar_shards.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

#include "data/descriptor.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

struct FreeArchive {
  void operator()(archive* opened) const noexcept { archive_read_free(opened); }
};

/// An archive that is read from a place of its file on.
class OpenArchive {
 public:
  OpenArchive(const std::filesystem::path& path, std::int64_t from)
      // Without O_NONBLOCK the opening of a pipe waits for a writer, before its type can be seen.
      : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), archive_(archive_read_new()) {
    struct stat facts = {};
    if (descriptor_.get() < 0 || fstat(descriptor_.get(), &facts) != 0) fail(std::strerror(errno));
    if (!S_ISREG(facts.st_mode)) fail("found no regular file, expected a tar archive");
    size_ = static_cast<std::int64_t>(facts.st_size);
    if (lseek(descriptor_.get(), static_cast<off_t>(from), SEEK_SET) < 0) fail(std::strerror(errno));
    if (archive_ == nullptr) throw std::bad_alloc();
    constexpr std::size_t block = std::size_t{1} << 16;
    archive_read_support_format_tar(archive_.get());
    archive_read_support_format_empty(archive_.get());
    if (archive_read_open_fd(archive_.get(), descriptor_.get(), block) != ARCHIVE_OK) fail_by_archive();
  }

  /// The next header. @returns null at the end
  archive_entry* next() {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive_.get(), &entry);
    if (result == ARCHIVE_EOF) return nullptr;
    // Warnings tell of names that the locale can't write, and of attributes.
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) fail_by_archive();
    return entry;
  }

  std::int64_t header() const { return archive_read_header_position(archive_.get()); }
  std::int64_t size() const noexcept { return size_; }

  /// @param count  what the header says, which the file was found to hold
  std::vector<std::uint8_t> bytes(std::int64_t count) {
    std::vector<std::uint8_t> out(static_cast<std::size_t>(count));
    std::size_t done = 0;
    while (done < out.size()) {
      const la_ssize_t got = archive_read_data(archive_.get(), out.data() + done, out.size() - done);
      if (got < 0) fail_by_archive();
      if (got == 0) fail("found its end in the middle of a member, expected a whole archive");
      done += static_cast<std::size_t>(got);
    }
    return out;
  }

  [[noreturn]] void fail(const std::string& what) const { throw FileError(path_.string() + ": " + what); }

 private:
  [[noreturn]] void fail_by_archive() const {
    const char* reason = archive_error_string(archive_.get());
    fail(std::string("found no whole tar archive (") + (reason == nullptr ? "damaged" : reason) + "), expected one that is not compressed");
  }

  std::filesystem::path path_;
  Descriptor descriptor_;
  std::int64_t size_ = 0;
  std::unique_ptr<archive, FreeArchive> archive_;
};

std::string name_of(archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr) name = archive_entry_pathname_utf8(entry);
  return name == nullptr ? "" : name;
}

/// No folder, link or device; and none with holes, whose size is but claimed.
bool is_plain(archive_entry* entry) {
  return archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr && archive_entry_hardlink_utf8(entry) == nullptr &&
         archive_entry_sparse_count(entry) == 0 && archive_entry_size_is_set(entry) != 0 && archive_entry_size(entry) >= 0;
}

}  // namespace

void TarReader::visit(const std::filesystem::path& path, const std::function<void(const TarMember&, const Bytes&)>& visitor) {
  OpenArchive opened(path, 0);
  while (archive_entry* entry = opened.next()) {
    if (!is_plain(entry)) continue;
    const TarMember member{name_of(entry), opened.header(), archive_entry_size(entry)};
    if (member.size > opened.size() - member.header) opened.fail("found its end in the middle of '" + member.name + "', expected a whole archive");
    visitor(member, [&](std::int64_t most) {
      if (member.size > most) {
        opened.fail("'" + member.name + "': found " + std::to_string(member.size) + " bytes, expected at most " + std::to_string(most));
      }
      return opened.bytes(member.size);
    });
  }
}

std::vector<std::uint8_t> TarReader::read(const std::filesystem::path& path, std::int64_t header, std::int64_t size, const std::string& name) {
  OpenArchive opened(path, header);
  archive_entry* entry = opened.next();
  if (entry == nullptr || !is_plain(entry) || archive_entry_size(entry) != size || size > opened.size() - header) {
    opened.fail("found no '" + name + "' where it was listed; expected the archive as it was");
  }
  return opened.bytes(size);
}

}  // namespace splice_cuda::data

#include "io/atomic_file.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::io {
namespace {

/// Names of open temporary files, in memory that a signal handler may read.
constexpr std::size_t most_open = 16;
constexpr std::size_t longest_name = 4096;
struct OpenName {
  std::atomic<bool> used{false};
  std::array<char, longest_name> name{};
};
std::array<OpenName, most_open> open_names;
std::mutex names_mutex;  // among writers; the handler reads `used` alone before it trusts a name

void remember(const std::string& name) {
  if (name.size() + 1 > longest_name) return;
  const std::lock_guard lock(names_mutex);
  for (OpenName& slot : open_names) {
    if (slot.used.load()) continue;
    std::memcpy(slot.name.data(), name.c_str(), name.size() + 1);
    slot.used = true;
    return;
  }
}

void forget(const std::string& name) {
  const std::lock_guard lock(names_mutex);
  for (OpenName& slot : open_names) {
    if (!slot.used.load() || name != slot.name.data()) continue;
    slot.used = false;
    return;
  }
}

[[noreturn]] void fail_to(const std::filesystem::path& path, const char* what, int error) {
  throw FileError(path.string() + ": can't " + what + ": " + std::strerror(error));
}

/// Where `path` leads: the rename would put a file in the place of a link, and leave the file it names as it was.
std::filesystem::path follow_links(const std::filesystem::path& path) {
  constexpr int most_links = 40;  // as the kernel has it
  std::filesystem::path target = path;
  for (int link = 0; link < most_links; ++link) {
    std::error_code no_link;
    const std::filesystem::path next = std::filesystem::read_symlink(target, no_link);
    if (no_link) return target;
    target = target.parent_path() / next;  // an absolute link replaces the folder
  }
  throw FileError(path.string() + ": found links without end, expected a file to write");
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)), target_(follow_links(path_)) {
  if (path_.empty()) throw FileError("output file: found an empty path, expected the path of a file to write");
  // The rename would put a file in the place of a device (/dev/null) or a pipe.
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    throw FileError(path_.string() + ": found something else than a regular file, expected a file to write");
  }
  std::string pattern = target_.string() + ".XXXXXX.tmp";
  descriptor_ = ::mkostemps(pattern.data(), 4, O_CLOEXEC);
  if (descriptor_ < 0) fail_to(path_, "create a file beside it", errno);
  temporary_ = pattern;
  remember(pattern);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(descriptor_, 0666 & ~mask) != 0) errno = 0;  // permissions are a courtesy
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
  forget(temporary_.string());
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail_to(path_, "write", errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

void AtomicFile::rewrite(std::size_t offset, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::pwrite(descriptor_, text.data(), text.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      fail_to(path_, "write", errno);
    }
    offset += static_cast<std::size_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::adopt_written() {
  const int replacement = ::open(temporary_.c_str(), O_WRONLY | O_CLOEXEC);
  if (replacement < 0) fail_to(path_, "open what was written", errno);
  ::close(descriptor_);
  descriptor_ = replacement;
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail_to(path_, "write to disk", errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_to(path_, "replace", errno);
  ::close(descriptor_);
  descriptor_ = -1;
  forget(temporary_.string());
  const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return;  // the file is in place; only the folder's own durability is not known
  ::fsync(handle);
  ::close(handle);
}

void remove_temporary_files() noexcept {
  for (OpenName& slot : open_names) {
    if (slot.used.load()) ::unlink(slot.name.data());
  }
}

}  // namespace splice_cuda::io

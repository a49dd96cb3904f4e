#pragma once

/// @file atomic_file.hpp
/// Output that appears whole or not at all.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace splice_cuda::io {

/// Writes to a temporary file beside `path`; `commit` makes it durable and renames it. Without commit the
/// temporary file is removed and whatever stood at `path` is untouched. A symbolic link stays: the file that
/// it leads to is replaced. Of several writers of one path the last to commit wins, whole.
class AtomicFile {
 public:
  /// @throws FileError when the folder does not exist or can't be written to, or `path` is no regular file.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  /// @throws FileError (disk full, I/O error)
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  /// Replaces bytes that were written, from `offset` on: a header that tells what came behind it. @throws FileError
  void rewrite(std::size_t offset, std::string_view text);
  /// Another library wrote a new file at temporary_path(): commit that one.
  void adopt_written();
  /// fsync, rename, fsync of the folder. @throws FileError
  void commit();
  const std::filesystem::path& temporary_path() const noexcept { return temporary_; }

 private:
  std::filesystem::path path_;    ///< as given: for messages
  std::filesystem::path target_;  ///< with links followed
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Removes the temporary files of all open AtomicFiles: for a signal that ends the process at once.
void remove_temporary_files() noexcept;

}  // namespace splice_cuda::io

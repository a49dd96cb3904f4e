#include "data/byte_source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "data/descriptor.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::data {
namespace {

/// Blocks of a file or pipe.
class DescriptorSource : public ByteSource {
 public:
  DescriptorSource(Descriptor descriptor, std::string name, StopCheck stop)
      : descriptor_(std::move(descriptor)), name_(std::move(name)), stop_(std::move(stop)) {}

  std::size_t read(std::span<char> out) override {
    constexpr int milliseconds = 200;  // reading would go on after a signal: waiting is done where it can be asked about
    for (;;) {
      if (stop_) stop_();
      pollfd waiting = {descriptor_.get(), POLLIN, 0};
      if (poll(&waiting, 1, milliseconds) <= 0) continue;  // also after a signal, which is asked about first
      const ssize_t count = ::read(descriptor_.get(), out.data(), out.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR && errno != EAGAIN) throw FileError(name_ + ": " + std::strerror(errno));
    }
  }

 private:
  Descriptor descriptor_;
  std::string name_;
  StopCheck stop_;
};

/// Inflates a source that begins with a gzip header (RFC 1952), of one member or of several; passes on what does not.
class MaybeGzip : public ByteSource {
 public:
  MaybeGzip(std::unique_ptr<ByteSource> source, std::string name) : source_(std::move(source)), name_(std::move(name)), input_(1 << 16) {
    while (available_ < 2 && fill()) {}
    if (available_ < 2 || input_[0] != '\x1f' || input_[1] != '\x8b') return;
    constexpr int gzip_window = 15 + 16;
    if (inflateInit2(&state_, gzip_window) != Z_OK) throw std::bad_alloc();
    inflating_ = true;
  }
  ~MaybeGzip() override {
    if (inflating_) inflateEnd(&state_);
  }
  MaybeGzip(const MaybeGzip&) = delete;
  MaybeGzip& operator=(const MaybeGzip&) = delete;

  std::size_t read(std::span<char> out) override { return inflating_ ? inflate_into(out) : pass_on(out); }

 private:
  /// More bytes behind those that are there. @returns false at the end
  bool fill() {
    if (begin_ > 0 && available_ > 0) std::memmove(input_.data(), input_.data() + begin_, available_);
    begin_ = 0;
    const std::size_t count = source_->read(std::span(input_).subspan(available_));
    available_ += count;
    return count > 0;
  }

  std::size_t pass_on(std::span<char> out) {
    if (available_ == 0) return source_->read(out);
    const std::size_t count = std::min(out.size(), available_);
    std::memcpy(out.data(), input_.data() + begin_, count);
    begin_ += count;
    available_ -= count;
    return count;
  }

  [[noreturn]] void fail(const std::string& found) const { throw FileError(name_ + ": found " + found + ", expected whole gzip data"); }

  std::size_t inflate_into(std::span<char> out) {
    for (;;) {
      if (available_ == 0 && !fill()) {
        if (between_members_) return 0;
        fail("its end in the middle of compressed data");
      }
      if (between_members_) {
        if (input_[begin_] == '\0') {  // padding of tapes and blocks
          ++begin_;
          --available_;
          continue;
        }
        if (inflateReset(&state_) != Z_OK) fail("no further member");
        between_members_ = false;
      }
      state_.next_in = reinterpret_cast<Bytef*>(input_.data() + begin_);
      state_.avail_in = static_cast<uInt>(available_);
      state_.next_out = reinterpret_cast<Bytef*>(out.data());
      state_.avail_out = static_cast<uInt>(out.size());
      const int result = inflate(&state_, Z_NO_FLUSH);
      begin_ += available_ - state_.avail_in;
      available_ = state_.avail_in;
      if (result == Z_STREAM_END) between_members_ = true;
      else if (result != Z_OK && result != Z_BUF_ERROR) fail(state_.msg != nullptr ? state_.msg : "damaged data");
      if (const std::size_t count = out.size() - state_.avail_out; count > 0) return count;
    }
  }

  std::unique_ptr<ByteSource> source_;
  std::string name_;
  std::vector<char> input_;
  std::size_t begin_ = 0;
  std::size_t available_ = 0;
  z_stream state_ = {};
  bool inflating_ = false;
  bool between_members_ = false;
};

/// Opens what is there. `regular`: nothing but a regular file.
Descriptor open_path(const std::string& path, bool regular) {
  // Without O_NONBLOCK the opening of a pipe waits for a writer, deaf to signals: it is refused, or waited for where it is read.
  Descriptor descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) throw FileError(path + ": " + std::strerror(errno) + "; expected a readable file");
  struct stat facts = {};
  const bool known = fstat(descriptor.get(), &facts) == 0;
  if (known && S_ISDIR(facts.st_mode)) throw FileError(path + ": found a folder, expected a file");
  if (regular && !(known && S_ISREG(facts.st_mode))) {
    throw FileError(path + ": found something that is not a regular file, expected a file to read");
  }
  return descriptor;
}

std::unique_ptr<ByteSource> source_of(Descriptor descriptor, const std::string& name, const StopCheck& stop) {
  return std::make_unique<MaybeGzip>(std::make_unique<DescriptorSource>(std::move(descriptor), name, stop), name);
}

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& path, const StopCheck& stop) { return source_of(open_path(path, true), path, stop); }

std::unique_ptr<ByteSource> open_stream(const std::string& path, const StopCheck& stop) {
  if (path == "-") return source_of(Descriptor(STDIN_FILENO), "standard input", stop);
  return source_of(open_path(path, false), path, stop);
}

}  // namespace splice_cuda::data

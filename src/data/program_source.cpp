#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "data/byte_source.hpp"
#include "data/descriptor.hpp"
#include "splice_cuda/error.hpp"

extern "C" char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace splice_cuda::data {
namespace {

struct Pipe {
  Descriptor reader;
  Descriptor writer;
};

/// Where standard descriptors are closed a pipe would take their place: the program's own would be put over it, and Descriptor leaves them open.
Descriptor above_standard(int number) {
  if (number > STDERR_FILENO) return Descriptor(number);
  const int moved = fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error = errno;
  close(number);
  if (moved < 0) throw FileError(std::string("pipe: ") + std::strerror(error));
  return Descriptor(moved);
}

Pipe make_pipe() {
  std::array<int, 2> ends = {};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw FileError(std::string("pipe: ") + std::strerror(errno));
  return {above_standard(ends[0]), above_standard(ends[1])};
}

class ProgramSource : public ByteSource {
 public:
  ProgramSource(const std::vector<std::string>& arguments, std::string name, StopCheck stop)
      : name_(std::move(name)), stop_(std::move(stop)) {
    Pipe output = make_pipe();
    Pipe errors = make_pipe();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output.writer.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors.writer.get(), STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const int failed = posix_spawnp(&process_, argv.front(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
      process_ = 0;
      throw FileError(name_ + ": could not start '" + arguments.front() + "': " + std::strerror(failed));
    }
    output_ = std::move(output.reader);
    errors_ = std::move(errors.reader);
  }
  ~ProgramSource() override {
    if (process_ == 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  ProgramSource(const ProgramSource&) = delete;
  ProgramSource& operator=(const ProgramSource&) = delete;

  std::size_t read(std::span<char> out) override {
    constexpr int milliseconds = 200;
    while (output_.get() >= 0) {
      if (stop_) stop_();
      std::array<pollfd, 2> waiting = {pollfd{output_.get(), POLLIN, 0}, pollfd{errors_.get(), POLLIN, 0}};
      if (poll(waiting.data(), waiting.size(), milliseconds) <= 0) continue;
      if (waiting[1].revents != 0) keep_errors();
      if (waiting[0].revents == 0) continue;
      const ssize_t count = ::read(output_.get(), out.data(), out.size());
      if (count > 0) return static_cast<std::size_t>(count);
      if (count < 0 && errno == EINTR) continue;
      output_.reset();
    }
    finish();
    return 0;
  }

 private:
  /// The last few lines are enough for a message.
  void keep_errors() {
    std::array<char, 4096> block = {};
    const ssize_t count = ::read(errors_.get(), block.data(), block.size());
    if (count <= 0) {
      if (count == 0 || errno != EINTR) errors_.reset();
      return;
    }
    said_.append(block.data(), static_cast<std::size_t>(count));
    if (said_.size() > block.size()) said_.erase(0, said_.size() - block.size());
  }

  void finish() {
    if (process_ == 0) return;
    while (errors_.get() >= 0) keep_errors();
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {}
    process_ = 0;
    if (stop_) stop_();  // Ctrl-C went to the program, too
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    while (!said_.empty() && said_.back() == '\n') said_.pop_back();
    const std::size_t last_line = said_.rfind('\n');
    std::string reason = last_line == std::string::npos ? said_ : said_.substr(last_line + 1);
    if (reason.empty()) {
      reason = WIFSIGNALED(status) ? "the reading program was ended by signal " + std::to_string(WTERMSIG(status))
                                   : "the reading program ended with exit code " + std::to_string(WEXITSTATUS(status));
    }
    throw FileError(name_ + ": " + reason);
  }

  std::string name_;
  StopCheck stop_;
  pid_t process_ = 0;
  Descriptor output_;
  Descriptor errors_;
  std::string said_;
};

}  // namespace

std::unique_ptr<ByteSource> run_program(const std::vector<std::string>& arguments, const std::string& name, const StopCheck& stop) {
  return std::make_unique<ProgramSource>(arguments, name, stop);
}

}  // namespace splice_cuda::data

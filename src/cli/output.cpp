#include "cli/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

[[noreturn]] void throw_stdout_error(int error) {
  throw FileError(std::string("standard output: ") + std::strerror(error) + "; expected a writable stream");
}

}  // namespace

void print_result(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) throw_stdout_error(errno);
}

void flush_results() {
  if (std::fflush(stdout) != 0) throw_stdout_error(errno);
}

void print_message(std::string_view text) noexcept {
  std::fprintf(stderr, "splice: %.*s\n", static_cast<int>(text.size()), text.data());
}

void print_note(bool quiet, std::string_view text) noexcept {
  if (!quiet) print_message(text);
}

}  // namespace splice_cuda::cli

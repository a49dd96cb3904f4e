#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace splice_cuda::cli::terminal {
namespace {

constexpr int default_width = 80;
constexpr int min_width = 40;
constexpr int max_width = 400;

std::string_view environment(const char* name) noexcept {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

}  // namespace

bool stderr_is_terminal() noexcept { return isatty(STDERR_FILENO) == 1; }

int width() noexcept {
  const std::string_view columns = environment("COLUMNS");
  if (!columns.empty()) {
    const long value = std::strtol(columns.data(), nullptr, 10);
    if (value > 0) return static_cast<int>(std::clamp<long>(value, min_width, max_width));
  }
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return std::clamp<int>(size.ws_col, min_width, max_width);
  }
  return default_width;
}

}  // namespace splice_cuda::cli::terminal

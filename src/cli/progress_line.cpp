#include "cli/progress_line.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/numbers_text.hpp"
#include "cli/terminal.hpp"
#include "cli/text_layout.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::chrono::milliseconds redraw_interval{100};
// Work that is over before anyone could read the line does not draw one.
constexpr std::chrono::milliseconds first_draw_delay{300};
constexpr const char* erase_line = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine(std::string label, std::int64_t total_rows, bool quiet, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_rows_(total_rows),
      enabled_(!quiet && terminal::stderr_is_terminal()),
      next_draw_(start_ + first_draw_delay) {}

ProgressLine::~ProgressLine() {
  if (drawn_) std::fputs(erase_line, stderr);
}

void ProgressLine::update(std::int64_t done_rows) noexcept {
  if (!enabled_) return;
  const auto now = Clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + redraw_interval;
  try {
    const std::string line = erase_line + text(done_rows);
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
    drawn_ = true;
  } catch (...) {
    enabled_ = false;  // no memory for a line of text: the work itself will say so
  }
}

double ProgressLine::elapsed_seconds() const noexcept {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

std::string ProgressLine::text(std::int64_t done_rows) const {
  const double seconds = elapsed_seconds();
  const double per_second = static_cast<double>(done_rows) / seconds;
  std::string line = label_ + "  " + grouped(done_rows);
  if (total_rows_ >= 0) line += " / " + grouped(total_rows_);
  line += " " + unit_;
  if (total_rows_ >= 0) line += "  " + percent(done_rows, total_rows_);
  if (done_rows > 0) line += fmt::format("  {} {}/s", rate(per_second), unit_);
  if (done_rows > 0 && total_rows_ >= 0) line += fmt::format("  {} left", duration(static_cast<double>(total_rows_ - done_rows) / per_second));
  const int columns = terminal::width() - 1;
  return display_width(line) > columns ? fit(line, columns) : line;
}

}  // namespace splice_cuda::cli

#pragma once

/// @file progress_line.hpp
/// One line on stderr with share, rate and remaining time. Only for people: silent when stderr is no terminal.

#include <chrono>
#include <cstdint>
#include <string>

namespace splice_cuda::cli {

class ProgressLine {
 public:
  /// @param total_rows  below 0: not known
  /// @param quiet  true silences it on a terminal, too.
  /// @param unit  what is counted, in the plural
  ProgressLine(std::string label, std::int64_t total_rows, bool quiet, std::string unit = "rows");
  /// Wipes the line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Redraws at most ten times a second. Never throws; not for two threads at once.
  void update(std::int64_t done_rows) noexcept;
  double elapsed_seconds() const noexcept;

 private:
  using Clock = std::chrono::steady_clock;

  std::string text(std::int64_t done_rows) const;

  std::string label_;
  std::string unit_;
  std::int64_t total_rows_;
  bool enabled_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_draw_;
};

}  // namespace splice_cuda::cli

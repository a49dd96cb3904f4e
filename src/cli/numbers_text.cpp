#include "cli/numbers_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace splice_cuda::cli {

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::ptrdiff_t first = number < 0 ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string counted(std::int64_t number, const std::string& noun) {
  return grouped(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  if (seconds < 0.1) return fmt::format("{:.0f} ms", 1000 * std::max(seconds, 0.0));
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  const auto total = static_cast<std::int64_t>(seconds);
  if (total < 3600) return fmt::format("{}:{:02}", total / 60, total % 60);
  return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

std::string percent(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return "-";
  if (part == whole) return "100%";
  const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format("{:.1f}%", std::min(share, 99.9));
}

std::string weight_text(double weight) {
  const double size = std::abs(weight);
  return size >= 0.0005 && size < 1000 ? fmt::format("{:.3f}", weight) : fmt::format("{:.1e}", weight);
}

std::string rate(double per_second) {
  if (!std::isfinite(per_second)) return "-";
  if (per_second < 10) return fmt::format("{:.2f}", per_second);
  if (per_second < 100) return fmt::format("{:.1f}", per_second);
  return grouped(std::llround(per_second));
}

}  // namespace splice_cuda::cli

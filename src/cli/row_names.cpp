#include "cli/row_names.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <vector>

#include "cli/text_layout.hpp"
#include "concepts/nearest_names.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::size_t most_compared = 100000;  // a list of candidates is a courtesy, and edit distances take their time

std::string last_part(const std::string& name) { return std::filesystem::path(name).filename().string(); }

std::vector<std::int64_t> rows_called(const io::CodesFile& file, const std::string& wanted, bool last_parts) {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < file.names.size(); ++i) {
    if ((last_parts ? last_part(file.names[i]) : file.names[i]) == wanted) rows.push_back(static_cast<std::int64_t>(i));
  }
  return rows;
}

}  // namespace

std::int64_t find_row(const io::CodesFile& file, const std::string& wanted, const std::string& codes) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  if (end == wanted.data() + wanted.size() && !wanted.empty()) {
    if (error == std::errc{} && number >= 0 && number < file.codes.rows) return number;
    throw ArgumentError(fmt::format("--row: got {}; expected a row of '{}', which has {} (the first is 0)", wanted, codes, file.codes.rows));
  }
  if (file.names.empty()) {
    throw ArgumentError(fmt::format("--row: got '{}'; expected a whole number, as the rows of '{}' have no names", printable(wanted), codes));
  }
  for (const bool last_parts : {false, true}) {
    const std::vector<std::int64_t> rows = rows_called(file, wanted, last_parts);
    if (rows.size() == 1) return rows.front();
    if (rows.size() > 1) {
      throw ArgumentError(fmt::format("--row: got '{}', which {} rows of '{}' are called, the first of them {} and {}; expected a whole "
                                      "path or a number", printable(wanted), rows.size(), codes, rows[0], rows[1]));
    }
  }
  std::string nearest;
  if (file.names.size() <= most_compared) {
    for (const std::string& name : nearest_names(file.names, wanted, 3)) nearest += (nearest.empty() ? "; nearest: " : ", ") + printable(name);
  }
  throw ArgumentError(fmt::format("--row: got '{}'; expected the name of a row of '{}', or a number{}", printable(wanted), codes, nearest));
}

}  // namespace splice_cuda::cli

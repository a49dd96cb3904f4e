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

std::vector<std::int64_t> rows_called(const std::vector<std::string>& names, const std::string& wanted, bool last_parts) {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((last_parts ? last_part(names[i]) : names[i]) == wanted) rows.push_back(static_cast<std::int64_t>(i));
  }
  return rows;
}

}  // namespace

std::int64_t find_named_row(std::int64_t rows, const std::vector<std::string>& names, const std::string& option, const std::string& wanted,
                            const std::string& file) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  if (end == wanted.data() + wanted.size() && !wanted.empty()) {
    if (error == std::errc{} && number >= 0 && number < rows) return number;
    if (const std::vector<std::int64_t> called = rows_called(names, wanted, false); called.size() == 1) return called.front();
    throw ArgumentError(fmt::format("{}: got {}; expected a row of '{}', which has {} (the first is 0)", option, wanted, file, rows));
  }
  if (names.empty()) {
    throw ArgumentError(fmt::format("{}: got '{}'; expected a whole number, as the rows of '{}' have no names", option, printable(wanted), file));
  }
  for (const bool last_parts : {false, true}) {
    const std::vector<std::int64_t> called = rows_called(names, wanted, last_parts);
    if (called.size() == 1) return called.front();
    if (called.size() > 1) {
      throw ArgumentError(fmt::format("{}: got '{}', which {} rows of '{}' are called, the first of them {} and {}; expected a whole "
                                      "path or a number", option, printable(wanted), called.size(), file, called[0], called[1]));
    }
  }
  std::string nearest;
  if (names.size() <= most_compared) {
    for (const std::string& name : nearest_names(names, wanted, 3)) nearest += (nearest.empty() ? "; nearest: " : ", ") + printable(name);
  }
  throw ArgumentError(fmt::format("{}: got '{}'; expected the name of a row of '{}', or a number{}", option, printable(wanted), file, nearest));
}

std::int64_t find_row(const io::CodesFile& file, const std::string& wanted, const std::string& codes) {
  return find_named_row(file.codes.rows, file.names, "--row", wanted, codes);
}

}  // namespace splice_cuda::cli

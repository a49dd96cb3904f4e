#include "splice_cuda/record_table.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

/// A few names for a message; a thousand classes would bury it.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t most = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i == 0 ? "'" : ", '") + names[i] + "'";
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return names.empty() ? "none, as there is none" : text;
}

bool whole_number(const std::string& text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

void sort_names(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  std::int64_t number = 0;
  if (!std::all_of(names.begin(), names.end(), [&](const std::string& name) { return whole_number(name, number); })) return;
  std::stable_sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    std::int64_t first = 0;
    std::int64_t second = 0;
    whole_number(a, first);
    whole_number(b, second);
    return first < second;
  });
}

}  // namespace

std::vector<std::string> RecordTable::names() const {
  std::vector<std::string> names;
  for (const Column& column : columns_) names.push_back(column.name);
  return names;
}

bool RecordTable::has(std::string_view name) const noexcept {
  return std::any_of(columns_.begin(), columns_.end(), [&](const Column& column) { return column.name == name; });
}

const std::vector<std::string>& RecordTable::column(std::string_view name) const {
  for (const Column& column : columns_) {
    if (column.name == name) return column.values;
  }
  throw ArgumentError("column: got '" + std::string(name) + "'; expected one of " + some_of(names()));
}

void RecordTable::set(std::string name, std::vector<std::string> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  for (Column& column : columns_) {
    if (column.name != name) continue;
    if (columns_.size() > 1 && count != rows()) break;
    column.values = std::move(values);
    return;
  }
  if (!columns_.empty() && count != rows()) {
    throw ArgumentError("values: got " + std::to_string(count) + " for column '" + name + "'; expected " + std::to_string(rows()) +
                        ", one a record");
  }
  columns_.push_back({std::move(name), std::move(values)});
}

std::vector<std::int64_t> RowGroups::counts() const {
  std::vector<std::int64_t> counts(names.size(), 0);
  for (const std::int32_t group : of_row) {
    if (group >= 0) ++counts[static_cast<std::size_t>(group)];
  }
  return counts;
}

std::int32_t RowGroups::at(std::string_view name) const {
  const auto place = std::find(names.begin(), names.end(), name);
  if (place == names.end()) throw ArgumentError("group: got '" + std::string(name) + "'; expected one of " + some_of(names));
  return static_cast<std::int32_t>(place - names.begin());
}

RowGroups RowGroups::of(std::span<const std::string> labels) {
  RowGroups groups;
  std::unordered_map<std::string_view, std::int32_t> index;
  for (const std::string& label : labels) {
    if (!label.empty()) index.emplace(label, 0);
  }
  for (const auto& entry : index) groups.names.emplace_back(entry.first);
  sort_names(groups.names);
  for (std::size_t i = 0; i < groups.names.size(); ++i) index.find(groups.names[i])->second = static_cast<std::int32_t>(i);
  groups.of_row.reserve(labels.size());
  for (const std::string& label : labels) groups.of_row.push_back(label.empty() ? -1 : index.find(label)->second);
  return groups;
}

}  // namespace splice_cuda

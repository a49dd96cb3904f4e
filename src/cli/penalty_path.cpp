#include "cli/penalty_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "cli/numbers_text.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::int64_t most_penalties = 10000;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

template <class T>
std::optional<T> number_of(const std::string& text) {
  T value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::vector<double>> parse_grid(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  const auto from = number_of<double>(parts[0]);
  const auto to = parts.size() == 3 ? number_of<double>(parts[1]) : std::nullopt;
  const auto count = parts.size() == 3 ? number_of<std::int64_t>(parts[2]) : std::nullopt;
  if (!from || !to || !count || *count < 2 || *count > most_penalties || !(*from > 0) || !(*to > 0)) return std::nullopt;
  std::vector<double> grid;
  for (std::int64_t i = 0; i < *count; ++i) {
    grid.push_back(*from * std::pow(*to / *from, static_cast<double>(i) / static_cast<double>(*count - 1)));
  }
  grid.back() = *to;
  return grid;
}

std::optional<std::vector<double>> parse_list(const std::string& text) {
  std::vector<double> list;
  for (const std::string& part : split(text, ',')) {
    const auto value = number_of<double>(part);
    if (!value) return std::nullopt;
    list.push_back(*value);
  }
  return list;
}

std::optional<std::vector<float>> parse_path(const std::string& text) {
  const auto numbers = text.find(':') == std::string::npos ? parse_list(text) : parse_grid(text);
  if (!numbers || static_cast<std::int64_t>(numbers->size()) > most_penalties) return std::nullopt;
  std::vector<float> path;
  for (const double number : *numbers) {
    const auto narrow = static_cast<float>(number);
    if (!(narrow > 0) || !std::isfinite(narrow) || (!path.empty() && !(narrow < path.back()))) return std::nullopt;
    path.push_back(narrow);
  }
  return path;
}

}  // namespace

CLI::Option* add_penalty_path(CLI::App& verb, const std::string& name, std::vector<float>& target, const std::string& help) {
  const auto parse = [&target, name](const std::string& text) {
    auto path = parse_path(text);
    if (!path) {
      throw ArgumentError(fmt::format("{}: got '{}'; expected descending float32 numbers > 0 such as 0.4,0.3,0.2, or "
                                      "FROM:TO:COUNT such as 0.4:0.1:8 with a COUNT from 2 to {}", name, text, most_penalties));
    }
    target = std::move(*path);
  };
  return verb.add_option_function<std::string>(name, parse, help)->type_name("LIST|FROM:TO:COUNT");
}

std::string penalty_text(float penalty) { return fmt::format("{}", penalty); }

std::filesystem::path path_of_penalty(const std::filesystem::path& out, float penalty) {
  if (!out.has_filename()) throw ArgumentError(fmt::format("--out: got '{}', a folder; expected a file such as codes.npz", out.string()));
  std::filesystem::path path = out.parent_path() / out.stem();
  path += "-l1-" + penalty_text(penalty);
  path += out.extension();
  return path;
}

std::string path_table(const std::vector<float>& penalties, const std::vector<Summary>& summaries, double seconds) {
  std::string text = fmt::format("{:>12}  {:>8}  {:>6}  {:>9}  {:>11}\n", "l1_penalty", "concepts", "cosine", "certified", "largest gap");
  for (std::size_t i = 0; i < penalties.size(); ++i) {
    const Summary& s = summaries[i];
    const std::int64_t certified = s.count(RowStatus::certified) + s.count(RowStatus::zero_embedding);
    text += fmt::format("{:>12}  {:>8.1f}  {:>6.3f}  {:>9}  {:>11.1e}\n", penalty_text(penalties[i]), s.mean_l0, s.mean_cosine,
                        s.rows > 0 ? percent(certified, s.rows) : "-", s.largest_gap);
  }
  const std::int64_t rows = summaries.front().rows;
  const auto solved = static_cast<double>(rows) * static_cast<double>(penalties.size());
  text += fmt::format("{} at {} in {} ({} rows/s a penalty)\n", counted(rows, "row"),
                      penalties.size() == 1 ? "1 penalty" : grouped(static_cast<std::int64_t>(penalties.size())) + " penalties",
                      duration(seconds), rate(solved / std::max(seconds, 1e-9)));
  return text;
}

nlohmann::ordered_json path_json(const std::vector<float>& penalties, const std::vector<Summary>& summaries,
                                 const std::string& out, double seconds) {
  nlohmann::ordered_json json;
  json["seconds"] = seconds;
  json["path"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < penalties.size(); ++i) {
    nlohmann::ordered_json one = to_json(summaries[i]);
    one.erase("seconds");  // the penalties are solved together
    if (!out.empty()) one["out"] = path_of_penalty(out, penalties[i]).string();
    json["path"].push_back(std::move(one));
  }
  return json;
}

}  // namespace splice_cuda::cli

#include "cli/argument_parsing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

[[noreturn]] void reject(const std::string& option, const std::string& value, const std::string& expected) {
  throw ArgumentError(fmt::format("{}: got '{}'; expected {}", option, value, expected));
}

/// The whole text as one number, or nothing.
template <class T>
std::optional<T> parse_number(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<std::size_t> parse_bytes(const std::string& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto amount = parse_number<double>(text.substr(0, digits));
  std::string unit = text.substr(digits);
  if (unit.ends_with("iB")) unit.resize(unit.size() - 2);
  else if (unit.ends_with('B')) unit.pop_back();
  const std::size_t known = unit.size() == 1 ? std::string("KkMmGgTt").find(unit) : 0;
  if (!amount || unit.size() > 1 || known == std::string::npos) return std::nullopt;
  const std::size_t power = unit.empty() ? 0 : known / 2 + 1;
  const double bytes = *amount * std::ldexp(1.0, static_cast<int>(10 * power));
  if (!(bytes >= 1) || bytes > std::ldexp(1.0, 60)) return std::nullopt;
  return static_cast<std::size_t>(bytes);
}

/// "--l1-penalty" of "--l1-penalty,--l1_penalty".
std::string first_name(const std::string& names) { return names.substr(0, names.find(',')); }

}  // namespace

CLI::App& add_group(CLI::App& app, const std::string& name, const std::string& help, const std::string& example) {
  CLI::App& group = *app.add_subcommand(name, help);
  group.require_subcommand(1);
  group.footer("Example:\n  " + example + "\n\n`splice " + name + " VERB --help` explains a verb.");
  return group;
}

CLI::Option* add_positive_number(CLI::App& verb, const std::string& names, std::optional<double>& target,
                                 const std::string& default_text, const std::string& help) {
  const auto parse = [&target, option = first_name(names)](const std::string& text) {
    const auto value = parse_number<double>(text);
    if (!value || !std::isfinite(*value) || *value <= 0) reject(option, text, "a finite number > 0");
    target = value;
  };
  CLI::Option* option = verb.add_option_function<std::string>(names, parse, help);
  option->type_name("NUMBER");
  if (!default_text.empty()) option->default_str(default_text);
  return option;
}

CLI::Option* add_whole_number(CLI::App& verb, const std::string& names, std::int64_t& target,
                              std::int64_t least, std::int64_t most, const std::string& help) {
  const auto parse = [&target, least, most, option = first_name(names)](const std::string& text) {
    const auto value = parse_number<std::int64_t>(text);
    if (!value || *value < least || *value > most) {
      reject(option, text,
             most == std::numeric_limits<std::int64_t>::max()
                 ? fmt::format("a whole number >= {}", least)
                 : fmt::format("a whole number from {} to {}", least, most));
    }
    target = *value;
  };
  return verb.add_option_function<std::string>(names, parse, help)
      ->type_name("COUNT")
      ->default_str(std::to_string(target));
}

CLI::Option* add_byte_count(CLI::App& verb, const std::string& names, std::size_t& target,
                            const std::string& default_text, const std::string& help) {
  const auto parse = [&target, option = first_name(names)](const std::string& text) {
    const auto value = parse_bytes(text);
    if (!value) reject(option, text, "a number of bytes > 0, such as 268435456, 256M or 1.5G");
    target = *value;
  };
  return verb.add_option_function<std::string>(names, parse, help)
      ->type_name("BYTES")
      ->default_str(default_text);
}

CLI::Option* add_solver(CLI::App& verb, SolverKind& target) {
  const auto parse = [&target](const std::string& text) {
    const std::optional<SolverKind> found = solver_named(text);
    if (!found) reject("--solver", text, "working_set, coordinate_descent, fista or admm");
    target = *found;
  };
  return verb
      .add_option_function<std::string>(
          "--solver", parse, "How rows are solved: working_set, coordinate_descent, fista or admm")
      ->type_name("NAME")
      ->default_str("working_set");
}

CLI::Option* add_dtype(CLI::App& verb, const std::string& name, DType& target, const std::string& help) {
  const auto parse = [&target, name](const std::string& text) {
    for (const DType dtype : {DType::float32, DType::float16, DType::bfloat16}) {
      if (text != splice_cuda::to_string(dtype)) continue;
      target = dtype;
      return;
    }
    reject(name, text, "float32, float16 or bfloat16");
  };
  return verb.add_option_function<std::string>(name, parse, help)->type_name("TYPE")->default_str("float32");
}

std::vector<std::string> normalized_arguments(int argc, const char* const* argv) {
  static constexpr std::array<std::string_view, 5> originals = {"-path", "-out_path", "-l1_penalty",
                                                                "-device", "-vocab"};
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    const std::string_view name = std::string_view(argument).substr(0, argument.find('='));
    if (std::find(originals.begin(), originals.end(), name) != originals.end()) argument.insert(0, "-");
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

}  // namespace splice_cuda::cli

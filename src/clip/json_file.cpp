#include "clip/json_file.hpp"

#include <algorithm>
#include <cmath>

#include "io/mapped_file.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

using Json = nlohmann::json;

constexpr int deepest_nesting = 8;
constexpr std::size_t largest_file = std::size_t{256} << 20;

std::string shortened(std::string text) {
  constexpr std::size_t most = 120;
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20) letter = ' ';
  }
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

std::string dumped(const Json& json) {
  return shortened(json.dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace

Json read_json(const std::filesystem::path& path) {
  const io::MappedFile file(path);
  std::string text(file.bytes().size(), '\0');
  if (text.size() > largest_file) {
    throw FileError(path.string() + ": found " + std::to_string(text.size()) +
                    " bytes, expected at most 256 MiB of JSON");
  }
  file.read_at(0, std::as_writable_bytes(std::span(text)));
  // To the parser a NUL is the end of its input: what follows would go unread.
  if (text.find('\0') != std::string::npos)
    throw FileError(path.string() + ": found a NUL byte, expected JSON");
  try {
    Json json = Json::parse(text, [&](int depth, Json::parse_event_t /*event*/, Json& /*parsed*/) {
      if (depth > deepest_nesting)
        throw FileError(path.string() + ": found more than 8 nested levels, expected fewer");
      return true;
    });
    if (!json.is_object()) throw FileError(path.string() + ": found JSON that is no object, expected one");
    return json;
  } catch (const Json::exception& error) {
    throw FileError(path.string() + ": found what is not JSON (" + shortened(error.what()) +
                    "), expected JSON");
  }
}

JsonObject::JsonObject(const Json& json, std::string name) : json_(json), name_(std::move(name)) {
  if (!json.is_object()) throw FileError(name_ + ": found " + dumped(json) + ", expected an object");
}

void JsonObject::fail(const std::string& key, const std::string& found, const std::string& expected) const {
  throw FileError(name_ + ": " + key + ": found " + shortened(found) + ", expected " + expected);
}

const Json& JsonObject::at(const char* key, const char* expected) const {
  const auto found = json_.find(key);
  if (found == json_.end()) fail(key, "nothing", expected);
  return *found;
}

JsonObject JsonObject::object(const char* key) const { return {at(key, "an object"), name_ + ": " + key}; }

std::string JsonObject::text(const char* key) const {
  const Json& value = at(key, "a text");
  if (!value.is_string()) fail(key, dumped(value), "a text");
  return value.get<std::string>();
}

std::int64_t JsonObject::integer(const char* key, std::int64_t least, std::int64_t most) const {
  const std::string expected = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  const Json& value = at(key, expected.c_str());
  const bool fits =
      value.is_number_integer() && !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
  if (!fits || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
    fail(key, dumped(value), expected);
  return value.get<std::int64_t>();
}

std::vector<double> JsonObject::numbers(const char* key, std::size_t count) const {
  const std::string expected = std::to_string(count) + " finite numbers";
  const Json& value = at(key, expected.c_str());
  const bool good = value.is_array() && value.size() == count &&
                    std::all_of(value.begin(), value.end(), [](const Json& number) {
                      return number.is_number() && std::isfinite(number.get<double>());
                    });
  if (!good) fail(key, dumped(value), expected);
  return value.get<std::vector<double>>();
}

std::vector<std::string> JsonObject::strings(const char* key) const {
  const Json& value = at(key, "a list of texts");
  if (!value.is_array() ||
      !std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); })) {
    fail(key, "something else", "a list of texts");
  }
  return value.get<std::vector<std::string>>();
}

std::string JsonObject::file_name(const char* key) const {
  std::string name = text(key);
  const bool plain = !name.empty() && name.size() <= 255 && name.front() != '.' &&
                     std::all_of(name.begin(), name.end(), [](char letter) {
                       return static_cast<unsigned char>(letter) >= 0x20 && letter != '/' && letter != '\\' &&
                              letter != '\x7f';
                     });
  if (!plain) fail(key, "\"" + name + "\"", "a plain file name (no slash, no leading dot)");
  return name;
}

void JsonObject::expect(const char* key, const std::string& expected) const {
  const std::string found = text(key);
  if (found != expected) fail(key, "\"" + found + "\"", "\"" + expected + "\"");
}

}  // namespace splice_cuda::clip

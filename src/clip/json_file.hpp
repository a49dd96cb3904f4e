#pragma once

/// @file json_file.hpp
/// JSON files of a model folder, read strictly: each getter throws a FileError that names file, key, what was
/// found and what is expected.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace splice_cuda::clip {

/// @throws FileError for what is no JSON object, is nested deeper than 8 levels or larger than 256 MiB
nlohmann::json read_json(const std::filesystem::path& path);

/// One object of a file, with the name that messages call it by ("model.json: image").
class JsonObject {
 public:
  /// @throws FileError where `json` is no object
  JsonObject(const nlohmann::json& json, std::string name);

  bool contains(const char* key) const { return json_.contains(key); }
  JsonObject object(const char* key) const;
  std::string text(const char* key) const;
  std::int64_t integer(const char* key, std::int64_t least, std::int64_t most) const;
  std::vector<double> numbers(const char* key, std::size_t count) const;
  std::vector<std::string> strings(const char* key) const;
  /// A plain file name: no slash, no "..", no leading dot, not empty.
  std::string file_name(const char* key) const;
  /// @throws FileError unless the key holds that text
  void expect(const char* key, const std::string& expected) const;

  [[noreturn]] void fail(const std::string& key, const std::string& found, const std::string& expected) const;

 private:
  const nlohmann::json& at(const char* key, const char* expected) const;

  const nlohmann::json& json_;
  std::string name_;
};

}  // namespace splice_cuda::clip

#pragma once

/// @file model_folder.hpp
/// A model folder on disk (docs/model_folder.md): model.json read and checked, the files it names looked at.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "clip/preprocess.hpp"
#include "io/mapped_file.hpp"

namespace splice_cuda::clip {

/// What model.json says of the text tower.
struct TextPart {
  std::string file;
  std::string tokenizer;
  std::int64_t context_length = 0;
};

struct ModelFolder {
  std::filesystem::path root;
  std::string fingerprint;  ///< SHA-256 of what embeddings depend on
  std::string name;
  std::int64_t dim = 0;
  std::string image_file;
  Preprocessing preprocessing;
  std::optional<TextPart> text;
  std::optional<std::string> image_mean;
  std::optional<std::string> vocabulary;
  std::optional<std::string> dictionary;
  /// The towers' files, opened: what was checked is what is loaded, whatever stands at their paths by then.
  std::map<std::string, io::MappedFile> towers;

  std::filesystem::path path(const std::string& file) const { return root / file; }
};

/// Reads model.json and compares every file that it names with the size and, where `check_files`, the SHA-256
/// in its list.
/// @throws FileError
ModelFolder read_model_folder(const std::filesystem::path& folder, bool check_files);

}  // namespace splice_cuda::clip

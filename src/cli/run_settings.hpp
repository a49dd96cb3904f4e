#pragma once

/// @file run_settings.hpp
/// What a codes.npz remembers of the run that wrote it: enough for `verify`, `show` and `recompose` to need no
/// further options.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace splice_cuda::cli {

struct RunSettings {
  std::string dictionary;  ///< absolute path; empty in a file that is not ours
  std::string dictionary_sha256;  ///< of the dictionary's file; empty where not known
  std::string embeddings;         ///< absolute path; empty where a model made them and they were not kept
  std::string model;              ///< absolute path of the folder; empty where embeddings were read
  std::string model_fingerprint;
  std::string solver = "working_set";
  std::optional<double> l1_penalty;  ///< nothing where each row found its own
  std::int32_t target_l0 = 0;
  float target_cosine = 0;
  double gap_tolerance = 1e-6;
  bool nonnegative = true;
  bool refit = false;
  bool raw = false;
  std::vector<std::string> banned;  ///< concepts
  std::vector<float> image_mean;    ///< the mean that was subtracted; empty for none
  std::string names;                ///< what the rows' names are: "pictures" or "texts"; empty where not known
};

std::string to_json_text(const RunSettings& settings);

/// @param name  what messages call the file
/// @throws FileError for text that is no JSON object or holds a value of another type.
RunSettings parse_run_settings(const std::string& text, const std::string& name);

}  // namespace splice_cuda::cli

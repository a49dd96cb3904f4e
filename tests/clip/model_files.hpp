#pragma once

/// @file model_files.hpp
/// A model folder for tests: archives that pass for TorchScript, a tokenizer, model.json.

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/scratch_folder.hpp"
#include "io/sha256.hpp"
#include "io/zip_bytes.hpp"

namespace splice_cuda::testing {

/// PROTO 2, a class of the archive's own, an empty tuple, STOP.
inline const std::string harmless_pickle = std::string("\x80\x02") + "c__torch__\nTower\n)\x81.";
/// What runs a command in Python: os.system("true").
inline const std::string hostile_pickle =
    std::string("\x80\x02") + "cos\nsystem\nX" + std::string("\x04\0\0\0", 4) + "true\x85R.";

inline std::vector<ZipMember> torchscript_members(const std::string& data = harmless_pickle,
                                                  const std::string& code = "class Tower(Module):\n") {
  return {zip_member("image/data.pkl", data), zip_member("image/code/__torch__.py", code, true),
          zip_member("image/constants.pkl", std::string("\x80\x02)", 3) + "."),
          zip_member("image/version", "3\n")};
}

class ModelFiles {
 public:
  ModelFiles() {
    scratch_.write("image.pt", zip_bytes(torchscript_members()));
    scratch_.write("text.pt", zip_bytes(torchscript_members()));
    const nlohmann::json tokenizer = {{"type", "clip_bpe"},           {"clean", "lower"},
                                      {"context_length", 8},          {"start_token", "<start_of_text>"},
                                      {"end_token", "<end_of_text>"}, {"merges", {"t h"}}};
    scratch_.write("tokenizer.json", tokenizer.dump());
    json = {{"format", "splice_cuda.model"},
            {"version", 1},
            {"name", "tiny"},
            {"dim", 4},
            {"image",
             {{"file", "image.pt"},
              {"size", {8, 8}},
              {"resize", {{"mode", "shortest"}, {"interpolation", "bicubic"}, {"fill", 0}}},
              {"mean", {0.5, 0.5, 0.5}},
              {"std", {0.25, 0.25, 0.25}}}},
            {"text", {{"file", "text.pt"}, {"context_length", 8}, {"tokenizer", "tokenizer.json"}}}};
    for (const char* name : {"image.pt", "text.pt", "tokenizer.json"}) list(name);
    save();
  }
  /// Enters a file as it is now.
  void list(const std::string& name) {
    json["files"][name] = {{"bytes", std::filesystem::file_size(scratch_.path(name))},
                           {"sha256", io::sha256_of_file(scratch_.path(name))}};
  }
  void replace(const std::string& name, const std::string& bytes) {
    scratch_.write(name, bytes);
    list(name);
    save();
  }
  void save() const { scratch_.write("model.json", json.dump(2)); }
  const std::filesystem::path& folder() const { return scratch_.root(); }
  const ScratchFolder& scratch() const { return scratch_; }

  nlohmann::json json;

 private:
  ScratchFolder scratch_;
};

}  // namespace splice_cuda::testing

#include "cli/run_settings.hpp"

#include <nlohmann/json.hpp>

#include "splice_cuda/error.hpp"
#include "splice_cuda/version.hpp"

namespace splice_cuda::cli {
namespace {

template <class T>
void read_if_present(const nlohmann::json& object, const char* key, T& target) {
  if (object.contains(key)) object.at(key).get_to(target);
}

}  // namespace

std::string to_json_text(const RunSettings& settings) {
  nlohmann::ordered_json object;
  object["splice_cuda"] = SPLICE_CUDA_VERSION_STRING;
  object["dictionary"] = settings.dictionary;
  object["dictionary_sha256"] = settings.dictionary_sha256;
  object["embeddings"] = settings.embeddings;
  if (!settings.model.empty()) {
    object["model"] = settings.model;
    object["model_fingerprint"] = settings.model_fingerprint;
  }
  if (!settings.names.empty()) object["names"] = settings.names;
  object["solver"] = settings.solver;
  if (settings.l1_penalty) object["l1_penalty"] = *settings.l1_penalty;
  if (settings.target_l0 > 0) object["target_l0"] = settings.target_l0;
  if (settings.target_cosine > 0) object["target_cosine"] = settings.target_cosine;
  object["gap_tolerance"] = settings.gap_tolerance;
  object["nonnegative"] = settings.nonnegative;
  object["refit"] = settings.refit;
  object["raw"] = settings.raw;
  object["banned"] = settings.banned;
  object["image_mean"] = settings.image_mean;
  // A path may be any bytes: what is not UTF-8 is replaced rather than refused.
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

RunSettings parse_run_settings(const std::string& text, const std::string& name) {
  try {
    const nlohmann::json object = nlohmann::json::parse(text);
    if (!object.is_object()) throw FileError(name + ": options: got no JSON object; expected the run's settings");
    RunSettings settings;
    read_if_present(object, "dictionary", settings.dictionary);
    read_if_present(object, "dictionary_sha256", settings.dictionary_sha256);
    read_if_present(object, "embeddings", settings.embeddings);
    read_if_present(object, "model", settings.model);
    read_if_present(object, "model_fingerprint", settings.model_fingerprint);
    read_if_present(object, "names", settings.names);
    read_if_present(object, "solver", settings.solver);
    if (object.contains("l1_penalty")) settings.l1_penalty = object.at("l1_penalty").get<double>();
    read_if_present(object, "target_l0", settings.target_l0);
    read_if_present(object, "target_cosine", settings.target_cosine);
    read_if_present(object, "gap_tolerance", settings.gap_tolerance);
    read_if_present(object, "nonnegative", settings.nonnegative);
    read_if_present(object, "refit", settings.refit);
    read_if_present(object, "raw", settings.raw);
    read_if_present(object, "banned", settings.banned);
    read_if_present(object, "image_mean", settings.image_mean);
    return settings;
  } catch (const nlohmann::json::exception& error) {
    throw FileError(name + ": options: " + error.what() + "; expected the settings that splice decompose wrote");
  }
}

}  // namespace splice_cuda::cli

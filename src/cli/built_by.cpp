#include "cli/built_by.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "cli/text_layout.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {

void check_built_by(const ClipEncoder& model, const std::string& model_path, const ConceptSpace& space, const std::string& dictionary_path,
                    bool any_model) {
  if (model.dim() != space.dim()) {
    throw ArgumentError(fmt::format("--model: got embeddings of {} numbers from '{}'; expected {}, the length of the atoms of '{}'", model.dim(),
                                    model_path, space.dim(), dictionary_path));
  }
  const auto own = model.dictionary_path();
  std::error_code ignored;
  if (own && std::filesystem::equivalent(dictionary_path, *own, ignored)) return;
  const auto built_by = space.provenance().find("model_fingerprint");
  if (any_model || built_by == space.provenance().end() || built_by->second == model.fingerprint()) return;
  const auto name = space.provenance().find("model");
  throw ArgumentError(fmt::format("--dictionary: got '{}', which was built by {} with the fingerprint {}...; expected one of the model '{}' with "
                                  "{}... (--any-model takes it all the same)",
                                  dictionary_path, name == space.provenance().end() ? "a model" : "the model '" + printable(name->second) + "'",
                                  printable(built_by->second.substr(0, 12)), printable(model.name()), model.fingerprint().substr(0, 12)));
}

}  // namespace splice_cuda::cli

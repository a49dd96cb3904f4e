#pragma once

/// @file built_by.hpp
/// Dictionaries remember the model that embedded their concepts.

#include <string>

#include "splice_cuda/clip.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

/// A dictionary of this very model, where it says of which it is; one that lies in the model's folder is.
/// @param model_path, dictionary_path  for the message
/// @throws ArgumentError for another length or another model
void check_built_by(const ClipEncoder& model, const std::string& model_path, const ConceptSpace& space, const std::string& dictionary_path,
                    bool any_model);

}  // namespace splice_cuda::cli

#pragma once

/// @file mean_choice.hpp
/// Which mean is subtracted from unit embeddings before they are decomposed.

#include <CLI/CLI.hpp>
#include <string>

#include "cli/decompose_inputs.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

struct MeanArguments {
  std::string image_mean;  ///< a file, "batch", "none", or empty for the one that belongs to the inputs
  bool raw = false;
};
/// --image-mean and --raw.
void add_mean_options(CLI::App& verb, MeanArguments& mean);

/// Sets the space's mean, and says so where nothing is subtracted.
/// @throws ArgumentError, FileError
void settle_image_mean(const MeanArguments& mean, const DecomposeInputs& inputs, ConceptSpace& space, bool quiet);

/// The concept of this name. @throws ArgumentError that names the option and offers the nearest names
std::int32_t named_atom(const ConceptSpace& space, const std::string& option, const std::string& name);

}  // namespace splice_cuda::cli

#include "cli/mean_choice.hpp"

#include <fmt/format.h>

#include "cli/image_mean.hpp"
#include "cli/output.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

/// The mean that belongs to the inputs where none is named: texts lie around the vocabulary's mean, not around that of images.
void settle_default_mean(const DecomposeInputs& inputs, ConceptSpace& space, bool quiet) {
  if (inputs.are_texts()) space.set_image_mean(space.text_mean());
  else if (space.image_mean().empty()) space.set_image_mean(inputs.image_mean(space.dim()));
  if (!space.image_mean().empty()) return;
  print_note(quiet, inputs.are_texts() ? "note: the dictionary holds no text mean, so embeddings are normalised but not centred"
                                       : "note: the dictionary holds no image mean, so embeddings are normalised but not centred; "
                                         "--image-mean FILE or --image-mean batch centres them");
}

}  // namespace

void add_mean_options(CLI::App& verb, MeanArguments& mean) {
  verb.add_option("--image-mean", mean.image_mean,
                  "Mean to subtract: a .npy, 'batch' (mean of these embeddings) or 'none'; default: the dictionary's (of --texts its text mean)")
      ->type_name("FILE|batch|none");
  verb.add_flag("--raw", mean.raw, "Use rows exactly as given: no normalising, no centring");
}

void settle_image_mean(const MeanArguments& mean, const DecomposeInputs& inputs, ConceptSpace& space, bool quiet) {
  if (mean.raw) {
    if (!mean.image_mean.empty()) {
      throw ArgumentError(fmt::format("--image-mean: got '{}' together with --raw; expected only one of them, as --raw "
                                      "uses rows exactly as given", mean.image_mean));
    }
    space.set_image_mean({});
  } else if (mean.image_mean == "batch") {
    space.set_image_mean(mean_of_unit_rows(inputs.source(), quiet).mean());
  } else if (mean.image_mean == "none") {
    space.set_image_mean({});
  } else if (!mean.image_mean.empty()) {
    space.set_image_mean(read_mean(mean.image_mean, space.dim(), "the atoms"));
  } else {
    settle_default_mean(inputs, space, quiet);
  }
}

std::int32_t named_atom(const ConceptSpace& space, const std::string& option, const std::string& name) {
  try {
    return space.at(name);
  } catch (const ArgumentError& error) {
    throw ArgumentError(option + ": " + error.what());
  }
}

}  // namespace splice_cuda::cli

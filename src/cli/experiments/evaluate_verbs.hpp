#pragma once

/// @file evaluate_verbs.hpp
/// The verbs of `splice evaluate` that measure embeddings and codes beside texts.

#include <CLI/CLI.hpp>

#include "cli/verbs.hpp"

namespace splice_cuda::cli {

void add_evaluate_antonyms(CLI::App& evaluate, Run& chosen);
void add_evaluate_linearity(CLI::App& evaluate, Run& chosen);
void add_evaluate_modality_gap(CLI::App& evaluate, Run& chosen);
void add_evaluate_relevance(CLI::App& evaluate, Run& chosen);
void add_evaluate_retrieval(CLI::App& evaluate, Run& chosen);

}  // namespace splice_cuda::cli

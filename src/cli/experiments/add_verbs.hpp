#pragma once

/// @file add_verbs.hpp
/// The verbs that a build with SPLICE_EXPERIMENTS=OFF leaves out (verbs_absent.cpp): experiments, and what only goes with them.

#include <string>

#include "cli/verbs.hpp"

namespace splice_cuda::cli {

/// @param dictionary  the verb that is given `learn` and `random`
void add_experiment_verbs(CLI::App& app, CLI::App& dictionary, Run& chosen);

/// Lines behind help and messages about unknown verbs: which verbs this build leaves out, and which build has them. Empty: it has all.
std::string left_out_verbs();

void add_dataset_info(CLI::App& dataset, Run& chosen);
void add_dictionary_learn(CLI::App& dictionary, Run& chosen);
void add_dictionary_random(CLI::App& dictionary, Run& chosen);
void add_evaluate_probe(CLI::App& evaluate, Run& chosen);
void add_evaluate_sparsity_curve(CLI::App& evaluate, Run& chosen);
void add_evaluate_zero_shot(CLI::App& evaluate, Run& chosen);
void add_intervene(CLI::App& app, Run& chosen);
void add_report(CLI::App& app, Run& chosen);
void add_vocabulary_count(CLI::App& vocabulary, Run& chosen);

}  // namespace splice_cuda::cli

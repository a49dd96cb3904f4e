#include "cli/experiments/add_verbs.hpp"

#include "cli/argument_parsing.hpp"
#include "cli/experiments/evaluate_verbs.hpp"
#include "cli/experiments/explain_verbs.hpp"

namespace splice_cuda::cli {

void add_experiment_verbs(CLI::App& app, CLI::App& dictionary, Run& chosen) {
  add_dictionary_learn(dictionary, chosen);
  add_dictionary_random(dictionary, chosen);
  CLI::App& vocabulary = add_group(app, "vocabulary", "Word lists out of caption corpora", "splice vocabulary count captions.txt --out words.txt");
  add_vocabulary_count(vocabulary, chosen);
  CLI::App& dataset = add_group(app, "dataset", "Datasets of pictures in their own layouts", "splice dataset info imagefolder:pictures");
  add_dataset_info(dataset, chosen);
  CLI::App& evaluate =
      add_group(app, "evaluate", "Measures of the paper's experiments", "splice evaluate linearity --model model --images pictures");
  add_evaluate_linearity(evaluate, chosen);
  add_evaluate_modality_gap(evaluate, chosen);
  add_evaluate_antonyms(evaluate, chosen);
  add_evaluate_retrieval(evaluate, chosen);
  add_evaluate_relevance(evaluate, chosen);
  add_evaluate_sparsity_curve(evaluate, chosen);
  add_evaluate_zero_shot(evaluate, chosen);
  add_evaluate_probe(evaluate, chosen);
  add_intervene(app, chosen);
  add_report(app, chosen);
  add_summarize(app, chosen);
  add_scan(app, chosen);
  add_shift(app, chosen);
  add_search(app, chosen);
}

std::string left_out_verbs() { return ""; }

}  // namespace splice_cuda::cli

// A build with SPLICE_EXPERIMENTS=OFF, as that of `make demo`: it embeds, decomposes and checks.

#include "cli/experiments/add_verbs.hpp"

namespace splice_cuda::cli {

void add_experiment_verbs(CLI::App&, CLI::App&, Run&) {}

std::string left_out_verbs() {
  return "\nThis build leaves out `dictionary learn` and `random`, `vocabulary`, `dataset`, `evaluate`, `intervene`, `report`, `summarize`,\n"
         "`scan`, `shift` and `search` (SPLICE_EXPERIMENTS=OFF); `make build` makes build/release/bin/splice, which has them.";
}

}  // namespace splice_cuda::cli

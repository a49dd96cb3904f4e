#pragma once

/// @file demo_checks.hpp
/// What a demonstration checks of its own outcome.

#include <string>
#include <vector>

#include "cli/exit_code.hpp"
#include "io/npz.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

struct Check {
  std::string what;
  bool passed = false;
};

/// Every row certified, and certificates recomputed by brute force over every atom in fp64.
/// @param raw  the embeddings that `file` holds the codes of, as they were before preparation
std::vector<Check> certificate_checks(const Context& context, const ConceptSpace& space, MatrixView<const float> raw, const io::CodesFile& file,
                                      const DecomposeOptions& options);

/// "ok      ..." or "FAILED  ...", a line each.
std::string checks_text(const std::vector<Check>& checks);
bool all_passed(const std::vector<Check>& checks);

}  // namespace splice_cuda::cli

#pragma once

/// @file decompose_grid.hpp
/// Which cases are run.

#include <vector>

#include "decompose_case.hpp"

namespace splice_cuda::bench {

/// Everything; about ten minutes on one core.
std::vector<DecomposeCase> full_grid();

/// The corners of each sweep; about two minutes on one core.
std::vector<DecomposeCase> short_grid();

}  // namespace splice_cuda::bench

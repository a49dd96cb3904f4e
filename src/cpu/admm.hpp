#pragma once

/// @file admm.hpp
/// Alternating direction method of multipliers (Boyd et al. 2011, section 6.4), scaled form: x from a d x d Cholesky
/// factor by Woodbury's identity, v = prox, u = multipliers; over-relaxation and residual balancing.

#include <cstdint>
#include <memory>

#include "backend/backend.hpp"
#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

TileCost admm_tile_cost(const CpuDictionary& dictionary);
std::unique_ptr<TileSolver> make_admm_tile(const CpuDictionary& dictionary, const Problem& problem,
                                           std::int64_t rows);

}  // namespace splice_cuda::cpu

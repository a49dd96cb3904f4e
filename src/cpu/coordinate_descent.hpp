#pragma once

/// @file coordinate_descent.hpp
/// Cyclic coordinate descent over the whole dictionary (Friedman, Hastie & Tibshirani 2010), residual form: full sweeps,
/// and between them sweeps over the atoms with weight until those stand still.

#include <cstdint>
#include <memory>

#include "backend/backend.hpp"
#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

TileCost coordinate_descent_tile_cost(const CpuDictionary& dictionary);
std::unique_ptr<TileSolver> make_coordinate_descent_tile(const CpuDictionary& dictionary,
                                                         const Problem& problem, std::int64_t rows);

}  // namespace splice_cuda::cpu

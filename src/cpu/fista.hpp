#pragma once

/// @file fista.hpp
/// Accelerated proximal gradient (Beck & Teboulle 2009) with adaptive restart by the gradient scheme (O'Donoghue & Candes
/// 2015). The gradient C(C'x - z) is two products: C' times a sparse x, and C times the residuals of the whole tile.

#include <cstdint>
#include <memory>

#include "backend/backend.hpp"
#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

TileCost fista_tile_cost(const CpuDictionary& dictionary);
std::unique_ptr<TileSolver> make_fista_tile(const CpuDictionary& dictionary, const Problem& problem,
                                            std::int64_t rows);

}  // namespace splice_cuda::cpu

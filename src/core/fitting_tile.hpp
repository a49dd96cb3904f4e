#pragma once

/// @file fitting_tile.hpp
/// The largest tile that the machine's memory still holds.

#include <cstdint>
#include <memory>

#include "backend/backend.hpp"

namespace splice_cuda {

/// A tile solver of `rows` rows, or of half as many, again and again, where memory runs out: the memory limit is a
/// plan, what the machine has may be less, and a smaller tile gives the same bits.
/// @throws OutOfMemoryError when not even one row fits.
std::unique_ptr<TileSolver> make_fitting_tile(const Backend& backend, const Problem& problem, std::int64_t rows);

}  // namespace splice_cuda

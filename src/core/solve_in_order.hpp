#pragma once

/// @file solve_in_order.hpp
/// The driver of backends that take a tile's rows all at once (Backend::in_order).

#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "splice_cuda/context.hpp"

namespace splice_cuda {

/// One tile through the stages, again and again, until `sink` has all rows.
/// @throws CancelledError, OutOfMemoryError, DeviceError
void solve_in_order(const Context& context, const Problem& problem, OrderedSink& sink);

}  // namespace splice_cuda

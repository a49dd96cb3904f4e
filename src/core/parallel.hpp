#pragma once

/// @file parallel.hpp
/// Threads for the length of one call: no pool, no global state.

#include <functional>

namespace splice_cuda {

/// Runs body(0) .. body(workers - 1), each on a thread of its own (the first on the caller's), and waits for
/// all. The first exception is thrown again.
void run_workers(int workers, const std::function<void(int)>& body);

/// Processors that this process may use (an affinity mask or a container may allow fewer than there are).
int usable_processors();

}  // namespace splice_cuda

#pragma once

/// @file available_memory.hpp
/// Whether the machine has the memory that a large array takes: Linux grants what it does not have, and ends
/// the process when it is touched.

#include <cstddef>
#include <string_view>

namespace splice_cuda {

/// Bytes that can be had without ending other work (MemAvailable and free swap of /proc/meminfo); the largest
/// size_t where the system does not say.
std::size_t available_memory();

/// @throws OutOfMemoryError naming `what` and both sizes, where `bytes` are more than `available`
void require_memory(std::size_t bytes, std::size_t available, std::string_view what);

}  // namespace splice_cuda

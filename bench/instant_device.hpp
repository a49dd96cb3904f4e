#pragma once

/// @file instant_device.hpp
/// A device that has every result at once.

#include <cstdint>

namespace splice_cuda::bench {

/// Entries of each row's code; set before the first call.
std::int64_t& instant_entries();

}  // namespace splice_cuda::bench

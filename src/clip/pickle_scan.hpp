#pragma once

/// @file pickle_scan.hpp
/// Reads a pickle's operations without carrying out any.

#include <cstddef>
#include <span>
#include <string>

namespace splice_cuda::clip {

/// @throws FileError starting with `name` for operations that TorchScript's writer does not use, for globals
/// outside of its own
///   types, for what ends early
void check_pickle(std::span<const std::byte> bytes, const std::string& name);

}  // namespace splice_cuda::clip

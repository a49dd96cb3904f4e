#pragma once

/// @file capability.hpp
/// Which devices the backend runs on.

namespace splice_cuda::cuda {

/// 7.5 is the oldest compute capability that CUDA 13 compiles for.
constexpr bool is_usable(int major, int minor) { return major * 10 + minor >= 75; }

}  // namespace splice_cuda::cuda

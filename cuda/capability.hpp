#pragma once

/// @file capability.hpp
/// Which devices the backend runs on.

namespace splice_cuda::cuda {

/// 7.5 is the oldest compute capability that CUDA 13 compiles for.
constexpr bool is_usable(int major, int minor) { return major * 10 + minor >= 75; }

/// Whether the kernels at hand use tensor cores for int8 products. Devices have them from 8.0 on; code for an older one, which
/// the driver translates for this one, still leaves them out. @param ptx_version  that kernels were compiled for, 80 for 8.0
constexpr bool kernels_have_tensor_products(int major, int ptx_version) { return major >= 8 && ptx_version >= 80; }

}  // namespace splice_cuda::cuda

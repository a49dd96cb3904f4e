#pragma once

/// @file torch_context.hpp
/// The core library's context as torch has it set: its threads, its current stream, its caching allocator.

#include "splice_cuda/context.hpp"
#include "torch/tensors.hpp"

namespace splice_cuda::op {

/// For work on a tensor's device.
/// @throws DeviceError where that is a CUDA device and this build, or this machine, has none
Context context_for(const Tensor& tensor);

/// torch's current stream of a tensor's device; null on the CPU, and for the default stream.
CUstream_st* current_stream(const Tensor& tensor);

}  // namespace splice_cuda::op

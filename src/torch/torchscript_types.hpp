#pragma once

/// @file torchscript_types.hpp
/// Moves a loaded module to a device and a type.

#include <torch/script.h>

namespace splice_cuda::clip {

/// Moves parameters, buffers and constants; what is not floating point keeps its type. A trace holds the
/// device and the floating type that it was made with as constants of its graphs ("x.to(float32)" after a
/// layer norm): these become the new ones too.
void move_module(torch::jit::Module& module, c10::Device device, c10::ScalarType type);

}  // namespace splice_cuda::clip

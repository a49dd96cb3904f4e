#pragma once

/// @file torchscript_types.hpp
/// Looks through the graphs of a loaded module, and moves it to a device and a type.

#include <string>

#include <torch/csrc/jit/api/module.h>

namespace splice_cuda::clip {

/// Goes through all functions that were loaded with the module for operators that write or map files of any
/// name, however the code spells them. @throws FileError starting with `name`
void check_operators(const torch::jit::Module& module, const std::string& name);

/// Moves parameters, buffers and constants; what is not floating point keeps its type. A trace holds the
/// device and the floating type that it was made with as constants of its graphs ("x.to(float32)" after a
/// layer norm): these become the new ones too.
void move_module(torch::jit::Module& module, c10::Device device, c10::ScalarType type);

}  // namespace splice_cuda::clip

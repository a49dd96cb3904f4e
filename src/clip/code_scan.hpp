#pragma once

/// @file code_scan.hpp
/// What is refused in TorchScript code before LibTorch compiles it.

#include <string>
#include <string_view>

namespace splice_cuda::clip {

/// Refuses code that names the operators which write or map files of any name (aten::save, aten::from_file),
/// and attributes that are looked up by anything but a plain literal, which could spell those names.
/// @throws FileError starting with `name`
void check_code(std::string_view code, const std::string& name);

}  // namespace splice_cuda::clip

#pragma once

/// @file load_tower.hpp
/// Finds the library that runs TorchScript and has it load a tower.

#include <filesystem>
#include <memory>

#include "clip/tower.hpp"
#include "io/mapped_file.hpp"

namespace splice_cuda::clip {

/// Looks into the archive first (torchscript_archive.hpp), then loads it, both out of `file`; `path` is for
/// messages.
/// @throws FileError; DeviceError; Error where the library is missing or of another version
std::unique_ptr<Tower> load_tower(const io::MappedFile& file, const std::filesystem::path& path,
                                  const TowerOptions& options);

}  // namespace splice_cuda::clip

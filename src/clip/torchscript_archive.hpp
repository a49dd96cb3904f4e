#pragma once

/// @file torchscript_archive.hpp
/// What is looked at before LibTorch gets to read an archive.

#include <string>

#include "io/mapped_file.hpp"

namespace splice_cuda::clip {

/// A TorchScript archive is a zip file with code, constants and a pickle that LibTorch reads by an
/// interpreter of its own, which makes TorchScript values and never calls into Python. Refused here, before
/// that interpreter runs:
/// - what is no such archive: pickles, archives of torch.save (no code), other zip files;
/// - pickles that name anything but TorchScript's own types, or use an operation that TorchScript never
/// writes;
/// - code that names the operators which write or map files of any name (code_scan.hpp);
/// - archives that LibTorch could see differently: members whose names differ in case alone, more than one
///   end of the directory.
/// All is read from `file`; `name` is for messages.
/// @throws FileError starting with `name`
void check_torchscript_archive(const io::MappedFile& file, const std::string& name);

}  // namespace splice_cuda::clip

#pragma once

/// @file stored_atoms.hpp
/// Atoms of a mapped file, read where they are if their type and place allow it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "io/mapped_file.hpp"
#include "io/npy.hpp"
#include "io/safetensors.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

struct StoredAtoms {
  TypedMatrixView atoms;  ///< contiguous
  std::shared_ptr<const void> owner;
};

/// A matrix of a .safetensors file: F32, F16 and BF16 in place, F64 rounded to float32 in memory. Data that
/// are not aligned to their elements are copied.
/// @throws FileError for other types or dimensions; OutOfMemoryError
StoredAtoms stored_atoms(const io::SafetensorsFile& file, const std::string& tensor, const std::string& name);

/// The same of a .npy of f4, f2 or f8.
StoredAtoms stored_atoms(const std::filesystem::path& npy);

}  // namespace splice_cuda

#pragma once

/// @file atom_memory.hpp
/// Memory for the atoms of a space.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

struct AtomMemory {
  std::shared_ptr<std::byte> owner;
  TypedMatrixView atoms;  ///< [rows, dim], contiguous, aligned to a cache line
};

/// Zeroed. @throws OutOfMemoryError naming the size, also where the machine has less left than that
AtomMemory allocate_atoms(std::int64_t rows, std::int64_t dim, DType dtype);

}  // namespace splice_cuda

#pragma once

/// @file new_atoms.hpp
/// The check of a dictionary that is yet to be made.

#include <cstdint>

#include "core/validate.hpp"

namespace splice_cuda {

/// @throws ArgumentError for a shape that no dictionary has
inline void check_new_atoms(std::int64_t size, std::int64_t dim) {
  const float any = 0;
  check_atom_shape({&any, DType::float32, size, dim, dim});  // which does not look at elements
}

}  // namespace splice_cuda

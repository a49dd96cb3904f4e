#pragma once

/// @file options.hpp
/// DecomposeOptions that own what they point at.

#include <cstdint>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "splice_cuda/codes.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda::python {

struct OwnedOptions {
  DecomposeOptions scalars = {};
  std::vector<float> l1_penalties = {};
  std::vector<float> atom_weights = {};
  std::vector<std::int32_t> banned_atoms = {};
  nb::object warm_start = nb::none();  ///< SparseCodes

  /// Valid as long as this lives and is not changed.
  DecomposeOptions view() const;
};

}  // namespace splice_cuda::python

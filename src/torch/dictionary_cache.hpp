#pragma once

/// @file dictionary_cache.hpp
/// Prepared dictionaries of the last calls. An op gets its atoms as a tensor each time, and preparing 15,000
/// of them takes as long as solving 100 rows.

#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "torch/tensors.hpp"

namespace splice_cuda::op {

/// The dictionary of `atoms`, a tensor from matrix_argument that is not float64, prepared or found. It is
/// found by comparing all elements with the copy that was prepared, never by address or version, so that no
/// change of the tensor is missed. At most 4 dictionaries are kept, and 512 MiB of atoms; a larger one is
/// prepared anew each time. Any thread may call.
Dictionary dictionary_of(const Context& context, const Tensor& atoms);

/// Lets go of all of them.
void clear_dictionaries();

/// How many are kept.
std::int64_t kept_dictionaries();

}  // namespace splice_cuda::op

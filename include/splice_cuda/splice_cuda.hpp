#pragma once

/// @file splice_cuda.hpp
/// All of the core interface.

#include "splice_cuda/build_info.hpp"     // IWYU pragma: export
#include "splice_cuda/codes.hpp"          // IWYU pragma: export
#include "splice_cuda/concept_space.hpp"  // IWYU pragma: export
#include "splice_cuda/context.hpp"        // IWYU pragma: export
#include "splice_cuda/decompose.hpp"      // IWYU pragma: export
#include "splice_cuda/device.hpp"         // IWYU pragma: export
#include "splice_cuda/device_allocator.hpp"  // IWYU pragma: export
#include "splice_cuda/device_codes.hpp"   // IWYU pragma: export
#include "splice_cuda/dictionary.hpp"     // IWYU pragma: export
#include "splice_cuda/dictionary_health.hpp"  // IWYU pragma: export
#include "splice_cuda/error.hpp"          // IWYU pragma: export
#include "splice_cuda/matrix_view.hpp"    // IWYU pragma: export
#include "splice_cuda/options.hpp"        // IWYU pragma: export
#include "splice_cuda/queued_solver.hpp"
#include "splice_cuda/recompose.hpp"      // IWYU pragma: export
#include "splice_cuda/sharding.hpp"       // IWYU pragma: export
#include "splice_cuda/version.hpp"        // IWYU pragma: export
#include "splice_cuda/vocabulary_rules.hpp"  // IWYU pragma: export

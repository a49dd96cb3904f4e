#pragma once

/// @file check_cancel.hpp
/// Long loops that a caller may stop.

#include <functional>

#include "splice_cuda/error.hpp"

namespace splice_cuda {

/// @throws CancelledError where the callback, which may be empty, says so
inline void check_cancel(const std::function<bool()>& cancel) {
  if (cancel && cancel()) throw CancelledError("cancelled by the caller");
}

}  // namespace splice_cuda

#pragma once

/// @file every_target.hpp
/// Runs a test body once for each instruction set that was compiled and that this processor has.

#include <cstdint>

#include <gtest/gtest.h>
#include <hwy/highway.h>

namespace splice_cuda::testing {

template <class Body>
void for_every_target(Body body) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace splice_cuda::testing

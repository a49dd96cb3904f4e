#pragma once

/// @file every_target.hpp
/// Runs a test body once for each instruction set that was compiled and that this processor has; the widest with matrix
/// registers (AMX) and without, where it has them.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include "cpu/amx.hpp"

namespace splice_cuda::testing {

/// The widest comes first.
template <class Body>
void for_every_target(Body body) {
  if (cpu::amx_usable()) {
    SCOPED_TRACE("AMX");
    body();
  }
  const cpu::WithoutAmx without_amx;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
}

/// What `run` returns on the widest target is handed to `compare(widest, other)` with what it returns on each
/// other one.
template <class Run, class Compare>
void compare_with_widest(Run run, Compare compare) {
  std::vector<decltype(run())> answers;
  for_every_target([&] {
    answers.push_back(run());
    compare(answers.front(), answers.back());
  });
}

}  // namespace splice_cuda::testing

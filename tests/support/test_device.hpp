#pragma once

/// @file test_device.hpp
/// Where the tests of the interface (tests/api) run. On the CPU, unless a program links another test_device.cpp: the same
/// tests then are those of a CUDA device, or of an emulated one.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "splice_cuda/device.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda::testing {

struct TestDevice {
  Device device = Device::cpu();
  std::vector<SolverKind> solvers;
  bool reads_in_place = true;  ///< dictionaries can stay in the caller's memory
  bool follows_paths = true;   ///< goes along paths of penalties, in place of a call a penalty
  /// Of a test with many rows (or steps), one in this many is run: emulation is slow.
  std::int64_t row_share = 1;
  /// A memory_limit_bytes that allows a few rows of a small dictionary at once.
  std::size_t tight_memory = 0;
};

/// Used while tests are registered, too.
const TestDevice& test_device();

/// Rows to be tested in place of `rows`.
inline std::int64_t test_rows(std::int64_t rows) {
  return std::max(rows / test_device().row_share, std::min<std::int64_t>(rows, 4));
}

}  // namespace splice_cuda::testing

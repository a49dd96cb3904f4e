#pragma once

/// @file device_case.hpp
/// decompose of one batch on one device, timed: a line of bench_gpu.

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::bench {

/// What every row is solved for: a penalty, or a target that it finds its own for.
struct Wanted {
  std::string key = "l1";  ///< or target_l0, target_cosine
  double value = 0.25;
};

struct DeviceCase {
  std::int64_t rows = 512;
  Wanted wanted;
  int repetitions = 7;
  double seconds_limit = 10;  ///< no repetition starts after this; there is always one
};

/// "device/synthetic/p:15000/d:512/n:65536/l1:0.25/cuda:0"; with a target its key in place of l1
/// @param problem  the name of the one that rows and atoms are of
std::string name_of(const DeviceCase& one, const std::string& problem, const Dictionary& dictionary);

/// Of the first one.rows of `rows`, in memory of the host or of the context's device; results go where the rows are.
/// Keys: first_s (the first call, which also allocates and warms up), seconds
/// (each repetition), us_per_row, rows_per_s, rows_per_s_q1, rows_per_s_q3 (of the repetitions),
/// certified_share, max_relative_gap, mean_l0, mean_rounds (passes over the dictionary a row), same_bits (all
/// calls gave the same codes).
nlohmann::json run_device_case(const DeviceCase& one, const MatrixView<const float>& rows, const Context& context,
                               const Dictionary& dictionary);

}  // namespace splice_cuda::bench

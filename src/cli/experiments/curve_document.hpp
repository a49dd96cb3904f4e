#pragma once

/// @file curve_document.hpp
/// Curves of sparsity as tables and charts.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/experiments/result_document.hpp"
#include "splice_cuda/sparsity_curve.hpp"

namespace splice_cuda::cli {

struct MeasuredCurve {
  std::string condition;
  std::string description;
  std::int64_t atoms = 0;
  CurvePath path;
  std::vector<CurvePoint> points;
  double seconds = 0;  ///< for all points
};

/// @param curves  splice first
/// @param dense   accuracy of the embeddings themselves, where they are a baseline
/// @param classified  whether there are classes
ResultDocument curve_document(const std::vector<MeasuredCurve>& curves, const std::optional<Proportion>& dense, bool classified);

}  // namespace splice_cuda::cli

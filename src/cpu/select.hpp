#pragma once

/// @file select.hpp
/// Stage `select`: a threshold that keeps the best of a list.

#include <cstdint>

namespace splice_cuda::cpu {

/// A threshold t such that at most `keep` of |values| (values where !both_signs) lie above it, and nearly as
/// many as that do, by bisection; below all values when count <= keep.
float best_threshold(const float* values, std::int64_t count, std::int64_t keep, bool both_signs);

}  // namespace splice_cuda::cpu

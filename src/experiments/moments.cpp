#include "splice_cuda/moments.hpp"

#include <cmath>

namespace splice_cuda {

Moments moments(std::span<const double> values) {
  Moments result;
  double sum = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    ++result.count;
  }
  if (result.count == 0) return result;
  const auto count = static_cast<double>(result.count);
  result.mean = sum / count;
  if (result.count == 1) return result;
  double squares = 0;
  for (const double value : values) {
    if (std::isfinite(value)) squares += (value - result.mean) * (value - result.mean);
  }
  result.sd = std::sqrt(squares / (count - 1));
  result.standard_error = result.sd / std::sqrt(count);
  return result;
}

}  // namespace splice_cuda

#include "splice_cuda/sample_mean.hpp"

#include <cmath>

#include "splice_cuda/moments.hpp"

namespace splice_cuda {

SampleMean sample_mean(std::span<const double> values) {
  Moments moments;
  for (const double value : values) {
    if (std::isfinite(value)) moments.add(value);
  }
  SampleMean result;
  result.count = moments.count;
  if (moments.count > 0) result.mean = moments.mean;
  result.sd = std::sqrt(moments.variance());
  result.standard_error = moments.standard_error();
  return result;
}

}  // namespace splice_cuda

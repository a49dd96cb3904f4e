#pragma once

/// @file synthetic.hpp
/// A problem of any size with the geometry of centred CLIP vectors.

#include <cstdint>
#include <memory>

#include "problem.hpp"

namespace splice_cuda::bench {

struct SyntheticSize {
  std::int64_t atoms = 15000;
  std::int64_t dim = 512;
  std::int64_t rows = 512;
};

/// Gaussian atoms whose k-th coordinate has standard deviation (k + 2)^-1/2 (effective rank about 170 of 512,
/// 99th percentile of cosines 0.3, as measured on CLIP's words); 40 % of an atom's variance is shared with
/// its family of about six (nearest neighbour at a cosine of about 0.5). A row is half the direction of eight
/// atoms with weights falling like exp(-i/4), half a direction of its own. Same size, same problem: the
/// generator is seeded by nothing else.
std::shared_ptr<const BenchProblem> make_synthetic(const SyntheticSize& size);

}  // namespace splice_cuda::bench

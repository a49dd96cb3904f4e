#pragma once

/// @file synthetic.hpp
/// A problem of any size with the geometry of centred CLIP vectors.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "generator.hpp"
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

/// The atoms of make_synthetic one after the other, for dictionaries that no one holds in float32.
class SyntheticAtoms {
 public:
  SyntheticAtoms(std::int64_t atoms, std::int64_t dim);
  /// Writes the next atom, [dim].
  void next(std::span<float> atom);

 private:
  std::int64_t families_;
  std::vector<float> deviations_;
  std::vector<float> centers_;
  Generator generator_;
};

/// Writes atom j, [dim].
using AtomReader = std::function<void(std::int64_t j, std::span<float> out)>;

/// The rows of make_synthetic, made of whatever atoms `read` gives. [size.rows, size.dim]
std::vector<float> make_synthetic_rows(const SyntheticSize& size, const AtomReader& read);

}  // namespace splice_cuda::bench

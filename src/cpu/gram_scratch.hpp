#pragma once

/// @file gram_scratch.hpp
/// int8 rows of a list of atoms side by side, for kernels that can't take them from where they lie.

#include <cstdint>
#include <vector>

#include "cpu/aligned.hpp"
#include "cpu/cpu_dictionary.hpp"

namespace splice_cuda::cpu {

/// Rows of a list lie anywhere in the dictionary: so many are asked for before they are needed.
inline constexpr std::int64_t rows_ahead = 12;

/// Where kernels that want a list's rows side by side find them. Rows that it has from the call before stay: working sets
/// grow at their end.
class GramScratch {
 public:
  /// Rows of the atoms [round_up(count, multiple) + multiple, ld], anything past `count`, and their scales likewise.
  const std::int8_t* bring(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                           std::int64_t multiple);
  const float* scales() const { return scales_.get(); }
  std::int8_t* interleaved() const { return interleaved_.get(); }  ///< [multiple, ld]
  std::int32_t* sums() const { return sums_.get(); }               ///< [4 multiple, multiple]

 private:
  std::int64_t capacity_ = 0;
  std::vector<std::int32_t> atoms_;  ///< whose rows are here
  AlignedArray<std::int8_t> rows_;
  AlignedArray<float> scales_;
  AlignedArray<std::int8_t> interleaved_;
  AlignedArray<std::int32_t> sums_;
};

}  // namespace splice_cuda::cpu

#include "cpu/gram_scratch.hpp"

#include <algorithm>
#include <cstring>

#include <hwy/cache_control.h>

namespace splice_cuda::cpu {

const std::int8_t* GramScratch::bring(const CpuDictionary& dictionary, const std::int32_t* atoms, std::int64_t count,
                                      std::int64_t multiple) {
  const std::int64_t ld = dictionary.ld;
  const std::int64_t padded = round_up(count, multiple) + multiple;
  if (padded > capacity_) {
    atoms_.clear();
    const std::int64_t grown = padded + padded / 2;
    rows_ = make_aligned<std::int8_t>(static_cast<std::size_t>(grown * ld), "a Gram matrix's rows");
    scales_ = make_aligned<float>(static_cast<std::size_t>(grown), "a Gram matrix's rows");
    interleaved_ = make_aligned<std::int8_t>(static_cast<std::size_t>(multiple * ld), "a Gram matrix's rows");
    sums_ = make_aligned<std::int32_t>(static_cast<std::size_t>(4 * multiple * multiple), "a Gram matrix's rows");
    capacity_ = grown;
  }
  const auto known = static_cast<std::int64_t>(
      std::mismatch(atoms_.begin(), atoms_.end(), atoms, atoms + count).first - atoms_.begin());
  const auto ask_for = [&](std::int64_t i) {
    for (std::int64_t k = 0; i < count && k < ld; k += 64) hwy::Prefetch(dictionary.atom8(atoms[i]) + k);
  };
  for (std::int64_t i = known; i < known + rows_ahead; ++i) ask_for(i);
  for (std::int64_t i = known; i < count; ++i) {
    ask_for(i + rows_ahead);
    std::memcpy(rows_.get() + i * ld, dictionary.atom8(atoms[i]), static_cast<std::size_t>(ld));
    scales_[static_cast<std::size_t>(i)] = dictionary.scale[atoms[i]];
  }
  atoms_.assign(atoms, atoms + count);
  return rows_.get();
}

}  // namespace splice_cuda::cpu

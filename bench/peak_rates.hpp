#pragma once

/// @file peak_rates.hpp
/// What one core can do from registers alone: the roofs that the screening kernel and the fp32 product work
/// under.

#include <cstdint>
#include <string_view>

namespace splice_cuda::bench {

/// A loop of one kind of instruction on registers, with as many accumulators as hide its latency.
struct PeakLoop {
  std::string_view instruction = "none";  ///< "none": no loop for this processor
  std::int64_t multiply_adds_a_turn = 0;
  void (*run)(std::int64_t turns) = nullptr;
};

/// What the screening kernel's products are made of: tdpbsud where the processor has AMX; vpdpbusd, which adds them up too,
/// where it has AVX-512 VNNI; otherwise vpmaddwd of int16 pairs, whose sums take a vpaddd each besides: those are not
/// in this peak.
PeakLoop int8_peak();

/// fp32 fused multiply-adds, at the widest that the processor has.
PeakLoop fp32_peak();

}  // namespace splice_cuda::bench

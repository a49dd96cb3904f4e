#pragma once

/// @file summary.hpp
/// A few numbers about all rows of a result.

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "io/npz.hpp"

namespace splice_cuda::cli {

struct Summary {
  std::int64_t rows = 0;
  std::array<std::int64_t, 4> by_status{};  ///< indexed by RowStatus
  double mean_l0 = 0;                       ///< over rows that have an embedding
  double mean_cosine = 0;
  double largest_gap = 0;                   ///< over rows that have an embedding
  double mean_rounds = 0;
  double smallest_penalty = 0;              ///< over rows that have an embedding; 0 where the file does not say
  double median_penalty = 0;
  double largest_penalty = 0;
  double seconds = 0;
  std::string device;                       ///< that solved; empty where the file does not say

  std::int64_t count(RowStatus status) const { return by_status[static_cast<std::size_t>(status)]; }
};

Summary summarize(const io::CodesFile& file, double seconds);
/// One line, and one more for each kind of row that is not certified.
std::string to_text(const Summary& summary);
nlohmann::ordered_json to_json(const Summary& summary);

}  // namespace splice_cuda::cli

#pragma once

/// @file numbers_text.hpp
/// Numbers and amounts as people write them.

#include <cstdint>
#include <string>

namespace splice_cuda::cli {

/// 1234567 -> "1,234,567"
std::string grouped(std::int64_t number);

/// 1, "row" -> "1 row"; 2000, "row" -> "2,000 rows"
std::string counted(std::int64_t number, const std::string& noun);

/// Seconds -> "46 ms", "0.4 s", "12 s", "3:07", "1:02:03".
std::string duration(double seconds);

/// 0.97 -> "97.0%"; "100%" only where nothing is missing.
std::string percent(std::int64_t part, std::int64_t whole);

/// A weight -> "0.308"; "1.2e-05" or "3.1e+04" where three decimals would say nothing or too much.
std::string weight_text(double weight);

/// Rows per second with three digits that matter: "0.52", "31.4", "12,345".
std::string rate(double per_second);

}  // namespace splice_cuda::cli

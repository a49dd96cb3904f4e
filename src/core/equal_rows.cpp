#include "core/equal_rows.hpp"

#include <cstring>
#include <unordered_map>

namespace splice_cuda {
namespace {

std::uint64_t hash_row(const float* row, std::int64_t size) {
  std::uint64_t hash = 0x9E3779B97F4A7C15u;
  for (std::int64_t k = 0; k < size; ++k) {
    std::uint32_t bits;
    std::memcpy(&bits, row + k, sizeof bits);
    hash = (hash ^ bits) * 0xFF51AFD7ED558CCDu;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

std::vector<std::int32_t> first_equal_rows(MatrixView<const float> matrix) {
  std::vector<std::int32_t> first(static_cast<std::size_t>(matrix.rows));
  std::unordered_multimap<std::uint64_t, std::int32_t> seen;
  seen.reserve(static_cast<std::size_t>(matrix.rows));
  const auto bytes = static_cast<std::size_t>(matrix.cols) * sizeof(float);
  for (std::int64_t i = 0; i < matrix.rows; ++i) {
    const auto index = static_cast<std::int32_t>(i);
    const std::uint64_t hash = hash_row(matrix.row(i), matrix.cols);
    first[static_cast<std::size_t>(i)] = index;
    bool found = false;
    const auto [begin, end] = seen.equal_range(hash);
    for (auto it = begin; it != end && !found; ++it) {
      if (std::memcmp(matrix.row(it->second), matrix.row(i), bytes) != 0) continue;
      first[static_cast<std::size_t>(i)] = it->second;
      found = true;
    }
    if (!found) seen.emplace(hash, index);
  }
  return first;
}

}  // namespace splice_cuda

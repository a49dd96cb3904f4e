#include "core/equal_rows.hpp"

#include "core/equal_keys.hpp"
#include "core/typed_rows.hpp"

namespace splice_cuda {
namespace {

template <class T>
std::uint64_t hash_row(const T* row, std::int64_t size) {
  std::uint64_t hash = 0x9E3779B97F4A7C15u;
  for (std::int64_t k = 0; k < size; ++k) {
    hash = (hash ^ bits_of(without_negative_zero(element(row, k)))) * 0xFF51AFD7ED558CCDu;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

std::vector<std::int32_t> first_equal_rows(const TypedMatrixView& matrix) {
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(matrix.rows));
  with_element_type(matrix.dtype, [&]<class T>(T) {
    for (std::int64_t i = 0; i < matrix.rows; ++i) {
      hashes[static_cast<std::size_t>(i)] = hash_row(row_of<T>(matrix, i), matrix.cols);
    }
  });
  return first_equal_rows(matrix, hashes);
}

std::vector<std::int32_t> first_equal_rows(const TypedMatrixView& matrix,
                                           const std::vector<std::uint64_t>& hashes) {
  return first_equal_items(hashes,
                           [&](std::int32_t a, std::int32_t b) { return compare_rows(matrix, a, b); });
}

}  // namespace splice_cuda

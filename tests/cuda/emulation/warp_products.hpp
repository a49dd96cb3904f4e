#pragma once

/// @file warp_products.hpp
/// What a warp's lanes hold after a product of matrices, by the layout of cuda/mma_layout.hpp.

#include <array>
#include <cstdint>

#include "core/half.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::emulation {

inline std::int8_t byte_of(std::uint32_t word, int byte) {
  return static_cast<std::int8_t>(static_cast<std::uint8_t>(word >> (8 * byte)));
}

/// sums[16, 8] += rows[16, 32] columns[8, 32]': the functors give a lane's registers.
template <class Rows, class Columns, class Sums>
void multiply_add_s8(Rows rows, Columns columns, Sums sums) {
  using namespace cuda;
  std::array<std::array<std::int32_t, product_depth>, product_rows> a{};
  std::array<std::array<std::int32_t, product_depth>, product_columns> b{};
  for (int lane = 0; lane < 32; ++lane) {
    for (int byte = 0; byte < 4; ++byte) {
      for (int r = 0; r < row_registers; ++r) {
        a.at(static_cast<std::size_t>(operand_row(lane, r))).at(static_cast<std::size_t>(row_operand_k(lane, r, byte))) =
            byte_of(rows(lane)[r], byte);
      }
      for (int r = 0; r < column_registers; ++r) {
        b.at(static_cast<std::size_t>(operand_column(lane))).at(static_cast<std::size_t>(column_operand_k(lane, r, byte))) =
            byte_of(columns(lane)[r], byte);
      }
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    for (int r = 0; r < sum_registers; ++r) {
      const auto& row = a.at(static_cast<std::size_t>(sum_row(lane, r)));
      const auto& column = b.at(static_cast<std::size_t>(sum_column(lane, r)));
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < product_depth; ++k) sum += row[k] * column[k];
      sums(lane)[r] += sum;
    }
  }
}

/// The float16 in the lower (0) or upper half of a word.
inline float half_of(std::uint32_t word, int half) {
  return to_float(Float16{static_cast<std::uint16_t>(word >> (16 * half))});
}

/// sums[16, 8] += rows[16, 16] columns[8, 16]', of float16: the functors give a lane's registers.
template <class Rows, class Columns, class Sums>
void multiply_add_half(Rows rows, Columns columns, Sums sums) {
  using namespace cuda;
  std::array<std::array<float, half_depth>, product_rows> a{};
  std::array<std::array<float, half_depth>, product_columns> b{};
  for (int lane = 0; lane < 32; ++lane) {
    for (int half = 0; half < 2; ++half) {
      for (int r = 0; r < row_registers; ++r) {
        a.at(static_cast<std::size_t>(operand_row(lane, r))).at(static_cast<std::size_t>(row_half_k(lane, r, half))) =
            half_of(rows(lane)[r], half);
      }
      for (int r = 0; r < column_registers; ++r) {
        b.at(static_cast<std::size_t>(operand_column(lane))).at(static_cast<std::size_t>(column_half_k(lane, r, half))) =
            half_of(columns(lane)[r], half);
      }
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    for (int r = 0; r < sum_registers; ++r) {
      const auto& row = a.at(static_cast<std::size_t>(sum_row(lane, r)));
      const auto& column = b.at(static_cast<std::size_t>(sum_column(lane, r)));
      float sum = sums(lane)[r];
      for (std::size_t k = 0; k < half_depth; ++k) sum += row[k] * column[k];
      sums(lane)[r] = sum;
    }
  }
}

}  // namespace splice_cuda::emulation

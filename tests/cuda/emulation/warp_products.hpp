#pragma once

/// @file warp_products.hpp
/// What a warp's lanes hold after a product of matrices, by the layout of cuda/mma_layout.hpp.

#include <array>
#include <cmath>
#include <cstdint>

#include "core/half.hpp"
#include "lane_group.hpp"
#include "mma_layout.hpp"

namespace splice_cuda::emulation {

/// sums[16, 8] += rows[16, Operands::depth] columns[8, depth]': the functors give a lane's registers.
/// @tparam Operands  what registers of operands hold: Operands::numbers of them each, of a type that sums can have; they are
///                   added up in another one, and rounded
template <class Operands, class Rows, class Columns, class Sums>
void multiply_add(Rows rows, Columns columns, Sums sums) {
  using namespace cuda;
  using Number = typename Operands::Number;
  using Vector = std::array<Number, static_cast<std::size_t>(Operands::depth)>;
  std::array<Vector, product_rows> a{};
  std::array<Vector, product_columns> b{};
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < Operands::numbers; ++i) {
      for (int r = 0; r < row_registers; ++r) {
        a.at(static_cast<std::size_t>(operand_row(lane, r))).at(static_cast<std::size_t>(Operands::row_k(lane, r, i))) =
            Operands::number(rows(lane)[r], i);
      }
      for (int r = 0; r < column_registers; ++r) {
        b.at(static_cast<std::size_t>(operand_column(lane))).at(static_cast<std::size_t>(Operands::column_k(lane, r, i))) =
            Operands::number(columns(lane)[r], i);
      }
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    for (int r = 0; r < sum_registers; ++r) {
      const Vector& row = a.at(static_cast<std::size_t>(sum_row(lane, r)));
      const Vector& column = b.at(static_cast<std::size_t>(sum_column(lane, r)));
      for (std::size_t first = 0; first < row.size(); first += Operands::at_once) {
        auto sum = static_cast<typename Operands::Sum>(sums(lane)[r]);
        for (std::size_t k = first; k < first + Operands::at_once; ++k) sum += static_cast<typename Operands::Sum>(row[k]) * column[k];
        sums(lane)[r] = Operands::rounded(sum);
      }
    }
  }
}

struct ByteOperands {
  using Number = std::int32_t;
  using Sum = std::int32_t;
  static constexpr std::size_t at_once = cuda::product_depth;
  static constexpr int depth = cuda::product_depth;
  static constexpr int numbers = 4;
  static Number number(std::uint32_t word, int byte) {
    return static_cast<std::int8_t>(static_cast<std::uint8_t>(word >> (8 * byte)));
  }
  static Number rounded(Sum sum) { return sum; }
  static int row_k(int lane, int r, int byte) { return cuda::row_operand_k(lane, r, byte); }
  static int column_k(int lane, int r, int byte) { return cuda::column_operand_k(lane, r, byte); }
};

/// Sums are cut to float32, not rounded (Fasi, Higham, Mikaitis & Pranesh, "Numerical behavior of NVIDIA tensor cores", 2021):
/// what many products lose adds up.
struct HalfOperands {
  using Number = float;
  using Sum = double;
  static constexpr std::size_t at_once = 8;
  static constexpr int depth = cuda::half_depth;
  static constexpr int numbers = 2;
  static Number number(std::uint32_t word, int half) {
    return to_float(Float16{static_cast<std::uint16_t>(word >> (16 * half))});
  }
  static Number rounded(Sum sum) {
    const auto nearest = static_cast<float>(sum);
    return std::abs(static_cast<double>(nearest)) > std::abs(sum) ? std::nextafter(nearest, 0.0f) : nearest;
  }
  static int row_k(int lane, int r, int half) { return cuda::row_half_k(lane, r, half); }
  static int column_k(int lane, int r, int half) { return cuda::column_half_k(lane, r, half); }
};

}  // namespace splice_cuda::emulation

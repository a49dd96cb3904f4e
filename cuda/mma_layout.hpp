#pragma once

/// @file mma_layout.hpp
/// Who holds what in a product of int8 matrices by one warp: sums[16, 8] += rows[16, 32] columns[8, 32]'.
///
/// PTX ISA, "Matrix Fragments for mma.m16n8k32" (.s8 operands, .s32 sums). With g = lane / 4 and t = lane % 4, bytes of a
/// register from the lowest on:
///
///   rows       register 0   row g        k = 4t .. 4t+3
///              register 1   row g + 8    k = 4t .. 4t+3
///              register 2   row g        k = 4t+16 .. 4t+19
///              register 3   row g + 8    k = 4t+16 .. 4t+19
///   columns    register 0   column g     k = 4t .. 4t+3
///              register 1   column g     k = 4t+16 .. 4t+19
///   sums       register 0   row g        column 2t
///              register 1   row g        column 2t + 1
///              register 2   row g + 8    column 2t
///              register 3   row g + 8    column 2t + 1
///
/// Float16 matrices, sums[16, 8] += rows[16, 16] columns[8, 16]' ("mma.m16n8k16", .f16 operands, .f32 sums): the same, with a
/// number in place of two bytes.
///
/// "ldmatrix" (.m8n8.x4) fills four registers: lanes 8m .. 8m+7 each point at 16 bytes, the rows of matrix m, of whose row
/// g the lane gets bytes 4t .. 4t+3 as its register m.

#include <cstdint>

namespace splice_cuda::cuda {

inline constexpr int product_rows = 16;
inline constexpr int product_columns = 8;
inline constexpr int product_depth = 32;  ///< k of one product, bytes
inline constexpr int half_depth = 16;     ///< k of one product of float16 matrices

inline constexpr int row_registers = 4;
inline constexpr int column_registers = 2;
inline constexpr int sum_registers = 4;

constexpr int lane_group_of(int lane) { return lane / 4; }
constexpr int lane_in_quad(int lane) { return lane % 4; }

/// Where byte `byte` of register `r` comes from.
constexpr int operand_row(int lane, int r) { return lane_group_of(lane) + 8 * (r % 2); }
constexpr int operand_column(int lane) { return lane_group_of(lane); }
constexpr int row_operand_k(int lane, int r, int byte) { return 4 * lane_in_quad(lane) + byte + 16 * (r / 2); }
constexpr int column_operand_k(int lane, int r, int byte) { return 4 * lane_in_quad(lane) + byte + 16 * r; }
constexpr int row_half_k(int lane, int r, int half) { return 2 * lane_in_quad(lane) + half + 8 * (r / 2); }
constexpr int column_half_k(int lane, int r, int half) { return 2 * lane_in_quad(lane) + half + 8 * r; }
/// Where register `r` of the sums belongs.
constexpr int sum_row(int lane, int r) { return lane_group_of(lane) + 8 * (r / 2); }
constexpr int sum_column(int lane, int r) { return 2 * lane_in_quad(lane) + r % 2; }

/// What an asynchronous copy moves, and a row of ldmatrix.
struct alignas(16) Chunk {
  std::uint32_t words[4];
};

}  // namespace splice_cuda::cuda

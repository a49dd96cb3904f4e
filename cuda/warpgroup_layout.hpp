#pragma once

/// @file warpgroup_layout.hpp
/// Who holds what in a product of int8 matrices by a warpgroup (four warps next to each other, of compute capability 9.0):
/// sums[64, N] += rows[64, 32] columns[N, 32]', both operands in shared memory, N a multiple of 8 up to 256.
///
/// PTX ISA, "Matrix Fragments for wgmma.mma_async.m64nNk32": warp w of the four has rows 16w .. 16w+15, and of them and of
/// every 8 columns in turn what it would have of mma.m16n8k32 (mma_layout.hpp), four sums.
///
/// Operands lie in rows of 64 bytes, eight of them a block of 512 bytes, of which a product takes 32 bytes of each row
/// ("64-byte swizzle", K-major). Of an address that counts rows one after the other, bits 4 and 5 - the 16 bytes within the row - are
/// exchanged by bits 7 and 8: PTX ISA, "Shared Memory Matrix Layout" and "Matrix Descriptor".

#include <cstdint>

#include "mma_layout.hpp"

namespace splice_cuda::cuda {

inline constexpr int warpgroup_lanes = 128;
inline constexpr int warpgroup_rows = 64;

/// Sums that a lane holds.
constexpr int warpgroup_sums(int columns) { return columns / 2; }
/// Where register `r` of the sums belongs; `lane` of the warpgroup's.
constexpr int warpgroup_sum_row(int lane, int r) { return lane / 32 * product_rows + sum_row(lane % 32, r % sum_registers); }
constexpr int warpgroup_sum_column(int lane, int r) {
  return r / sum_registers * product_columns + sum_column(lane % 32, r % sum_registers);
}

inline constexpr int swizzled_row_bytes = 64;
inline constexpr int swizzled_block_bytes = 512;  ///< after which the pattern repeats
inline constexpr int matrix_alignment = 1024;     ///< of operands: bits 7 to 9 are 0, whatever the swizzle

/// Where in shared memory the byte lies that would be at `address` if rows lay as they are.
constexpr std::uint32_t swizzled(std::uint32_t address) { return address ^ (address >> 3 & 0x30); }

/// What tells a product where an operand lies. @param address  of its first row, in shared memory; 32 k further on, 32 more
constexpr std::uint64_t matrix_descriptor(std::uint32_t address) {
  constexpr std::uint64_t swizzle_of_64_bytes = 2;  // bits 62, 63
  constexpr std::uint64_t between_blocks = swizzled_block_bytes / 16;  // bits 32 .. 45: "stride dimension byte offset"
  constexpr std::uint64_t unused = 1;  // bits 16 .. 29: "leading dimension byte offset", which swizzled rows do not have
  return swizzle_of_64_bytes << 62 | between_blocks << 32 | unused << 16 | (address & 0x3FFFF) >> 4;
}
/// Of 16 bytes each: for the next 32 k.
inline constexpr std::uint64_t descriptor_step = product_depth / 16;

}  // namespace splice_cuda::cuda

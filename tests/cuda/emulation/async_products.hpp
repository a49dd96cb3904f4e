#pragma once

/// @file async_products.hpp
/// Products of warpgroups of an emulated block (cuda/warpgroup_layout.hpp): each is made no earlier than the wait that covers
/// it, out of what its operands' memory holds then. Sums are undefined in between.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cuda/emulation/access_monitor.hpp"
#include "warpgroup_layout.hpp"

namespace splice_cuda::emulation {

/// An operand as the instruction finds it: PTX ISA, "Matrix Descriptor", of rows that are swizzled by 64 bytes.
class SwizzledOperand {
 public:
  /// @param memory  where shared memory begins, for addresses in it
  SwizzledOperand(const unsigned char* memory, std::uint64_t descriptor)
      : memory_(memory), start_((descriptor & 0x3FFF) << 4), stride_((descriptor >> 32 & 0x3FFF) << 4) {
    if (descriptor >> 62 != 2 || (descriptor >> 49 & 7) != 0) throw std::logic_error("multiply_async: no 64-byte swizzle");
  }

  /// The chunk-th 16 bytes of a row. Bits 4 and 5 of its address are those of the swizzle's pattern.
  const unsigned char* chunk(int row, int chunk) const {
    const auto i = static_cast<std::uint64_t>(row);
    const std::uint64_t address = start_ + i / 8 * stride_ + i % 8 * 64 + static_cast<std::uint64_t>(chunk) * 16;
    const std::uint64_t pattern = address / 128 % 4;
    return memory_ + (address ^ pattern * 16);
  }
  std::int8_t at(int row, int k) const { return static_cast<std::int8_t>(chunk(row, k / 16)[k % 16]); }

 private:
  const unsigned char* memory_;
  std::uint64_t start_;
  std::uint64_t stride_;
};

class AsyncProducts {
 public:
  using LaneSums = std::array<std::int32_t*, cuda::warpgroup_lanes>;

  /// sums (+)= rows columns', 32 bytes deep.
  struct Product {
    SwizzledOperand rows;
    SwizzledOperand columns;
    int column_count = 0;
    bool keep = true;
    int warpgroup = 0;
    LaneSums sums{};
  };

  /// @param monitor  null: not watched
  void issue(const Product& product, AccessMonitor* monitor) {
    if (monitor != nullptr) {
      monitor->enter(AccessMonitor::lanes_of_warp(4 * product.warpgroup));
      for_each_chunk(product, [&](const void* chunk) { monitor->begin_product(chunk); });
    }
    const auto count = static_cast<std::size_t>(cuda::warpgroup_sums(product.column_count));
    for (std::int32_t* sums : product.sums) {
      const auto [kept, added] = sums_.try_emplace(sums, sums, sums + count);
      if (added) std::fill_n(sums, count, undefined);
    }
    open_.push_back(product);
  }

  void commit() {
    batches_.push_back(std::move(open_));
    open_.clear();
  }

  /// All batches but the last `but`.
  void wait(std::size_t but, AccessMonitor* monitor) {
    for (; batches_.size() > but; batches_.erase(batches_.begin())) {
      for (const Product& product : batches_.front()) make(product, monitor);
    }
    if (!batches_.empty()) return;
    for (const auto& [sums, values] : sums_) std::copy(values.begin(), values.end(), sums);
    sums_.clear();
  }

  /// Products that nobody has waited for yet.
  std::size_t unfinished() const {
    std::size_t count = open_.size();
    for (const std::vector<Product>& batch : batches_) count += batch.size();
    return count;
  }

 private:
  static constexpr std::int32_t undefined = 0x7F7F7F7F;
  static constexpr int depth = cuda::product_depth;

  template <class Body>
  static void for_each_chunk(const Product& product, Body body) {
    for (int chunk = 0; chunk < depth / 16; ++chunk) {
      for (int i = 0; i < cuda::warpgroup_rows; ++i) body(product.rows.chunk(i, chunk));
      for (int j = 0; j < product.column_count; ++j) body(product.columns.chunk(j, chunk));
    }
  }

  void make(const Product& product, AccessMonitor* monitor) {
    std::vector<std::array<std::int8_t, depth>> columns(static_cast<std::size_t>(product.column_count));
    for (int j = 0; j < product.column_count; ++j) {
      auto& column = columns[static_cast<std::size_t>(j)];
      for (int k = 0; k < depth; ++k) column[static_cast<std::size_t>(k)] = product.columns.at(j, k);
    }
    for (int lane = 0; lane < cuda::warpgroup_lanes; ++lane) {
      std::vector<std::int32_t>& sums = sums_.at(product.sums[static_cast<std::size_t>(lane)]);
      for (int half = 0; half < 2; ++half) {  // the two rows of a lane
        std::array<std::int8_t, depth> row{};
        const int i = cuda::warpgroup_sum_row(lane, 2 * half);
        for (int k = 0; k < depth; ++k) row[static_cast<std::size_t>(k)] = product.rows.at(i, k);
        for (int r = 0; r < cuda::warpgroup_sums(product.column_count); ++r) {
          if (cuda::warpgroup_sum_row(lane, r) != i) continue;
          const auto& column = columns[static_cast<std::size_t>(cuda::warpgroup_sum_column(lane, r))];
          std::int32_t sum = product.keep ? sums[static_cast<std::size_t>(r)] : 0;
          for (std::size_t k = 0; k < depth; ++k) sum += row[k] * column[k];
          sums[static_cast<std::size_t>(r)] = sum;
        }
      }
    }
    if (monitor == nullptr) return;
    monitor->enter(AccessMonitor::lanes_of_warp(4 * product.warpgroup));
    for_each_chunk(product, [&](const void* chunk) { monitor->end_product(chunk); });
  }

  std::map<std::int32_t*, std::vector<std::int32_t>> sums_;  ///< of lanes whose registers are undefined
  std::vector<Product> open_;
  std::vector<std::vector<Product>> batches_;
};

}  // namespace splice_cuda::emulation

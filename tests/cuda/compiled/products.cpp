// Products of matrices: PTX ISA, "Matrix Fragments for mma.m16n8k8 / m16n8k16 / m16n8k32" and "Asynchronous Warpgroup Level
// Matrix Instructions". Written from there, not from cuda/mma_layout.hpp and warpgroup_layout.hpp.
//
// With g = lane / 4, t = lane % 4, e numbers to a register (4 of 8 bits, 2 of 16): register r of the rows holds row g + 8 (r % 2),
// k = e t + 4 e (r / 2) and following; of the columns column g, k = e t + 4 e r; of the sums row g + 8 (r / 2), column 2 t + r % 2.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include "core/half.hpp"
#include "cuda/compiled/machine.hpp"
#include "cuda/compiled/operations.hpp"

namespace splice_cuda::compiled {
namespace {

struct Bytes {
  using Number = std::int32_t;
  static constexpr std::size_t to_a_register = 4;
  static Number number(std::uint32_t word, std::size_t i) { return static_cast<std::int8_t>(word >> (8 * i) & 0xFFu); }
  /// sum + row . column
  static Number add(Number sum, const Number* row, const Number* column, std::size_t depth) {
    for (std::size_t k = 0; k < depth; ++k) sum += row[k] * column[k];
    return sum;
  }
};

/// Eight products at a time are added up in double, and cut to float32: Fasi, Higham, Mikaitis & Pranesh, "Numerical behavior of
/// NVIDIA tensor cores" (2021).
struct Halves {
  using Number = float;
  static constexpr std::size_t to_a_register = 2;
  static Number number(std::uint32_t word, std::size_t i) {
    return to_float(Float16{static_cast<std::uint16_t>(word >> (16 * i))});
  }
  static Number add(Number sum, const Number* row, const Number* column, std::size_t depth) {
    for (std::size_t first = 0; first < depth; first += 8) {
      double exact = sum;
      for (std::size_t k = first; k < first + 8; ++k) exact += static_cast<double>(row[k]) * static_cast<double>(column[k]);
      sum = static_cast<float>(exact);
      if (std::fabs(static_cast<double>(sum)) > std::fabs(exact)) sum = std::nextafter(sum, 0.0f);
    }
    return sum;
  }
};

/// mma.sync: rows in the first registers of the sources, then columns, then sums.
template <class Operand, std::size_t depth>
void multiply_warp(Step& step) {
  using Number = typename Operand::Number;
  constexpr std::size_t e = Operand::to_a_register;
  constexpr std::size_t column_registers = depth / (4 * e);
  constexpr std::size_t row_registers = 2 * column_registers;
  std::array<std::array<Number, depth>, 16> rows{};
  std::array<std::array<Number, depth>, 8> columns{};
  for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
    const std::size_t g = lane / 4;
    const std::size_t t = lane % 4;
    for (std::size_t i = 0; i < e; ++i) {
      for (std::size_t r = 0; r < row_registers; ++r) {
        rows[g + 8 * (r % 2)][e * t + 4 * e * (r / 2) + i] = Operand::number(as<std::uint32_t>(step.from(r)[lane]), i);
      }
      for (std::size_t r = 0; r < column_registers; ++r) {
        columns[g][e * t + 4 * e * r + i] = Operand::number(as<std::uint32_t>(step.from(row_registers + r)[lane]), i);
      }
    }
  }
  for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
    for (std::size_t r = 0; r < 4; ++r) {
      const std::size_t row = lane / 4 + 8 * (r / 2);
      const std::size_t column = 2 * (lane % 4) + r % 2;
      const auto sum = as<Number>(step.from(row_registers + column_registers + r)[lane]);
      step.to(r)[lane] = bits_of(Operand::add(sum, rows[row].data(), columns[column].data(), depth));
    }
  }
}

/// 32 bytes of row `row` of an operand of wgmma in rows of 64 bytes ("64-byte swizzle", K-major): eight rows follow each other, and
/// after "stride dimension byte offset" the next eight; bits 7 and 8 of an address are added (xor) to its bits 4 and 5.
std::array<std::int32_t, 32> operand_row(Step& step, std::uint64_t descriptor, std::size_t row) {
  constexpr std::uint64_t swizzle_of_64_bytes = 2;
  if (descriptor >> 62 != swizzle_of_64_bytes || (descriptor >> 49 & 7u) != 0) step.fail("wgmma: a descriptor of another layout");
  const std::uint64_t begin = (descriptor & 0x3FFFu) << 4;
  const std::uint64_t stride = (descriptor >> 32 & 0x3FFFu) << 4;
  std::array<std::int32_t, 32> numbers{};
  for (std::size_t chunk = 0; chunk < 2; ++chunk) {
    const std::uint64_t plain = begin + row / 8 * stride + row % 8 * 64 + 16 * chunk;
    const std::uint64_t swizzled = plain ^ ((plain >> 7 & 3u) << 4);
    const unsigned char* bytes = step.block.shared(step, swizzled, 16);
    for (std::size_t i = 0; i < 16; ++i) numbers[16 * chunk + i] = static_cast<std::int8_t>(bytes[i]);
  }
  return numbers;
}

/// Sums are nobody's until the product is made: they are put aside, and all ones are there.
template <int width>
void begin_product(Step& step) {
  std::map<int, Lanes>& aside = step.warp.sums_aside();
  for (const int sum : step.instruction.to) {
    if (aside.try_emplace(sum, step.registers[sum]).second) step.registers[sum].fill(~std::uint64_t{0});
  }
  step.warp.products().open.push_back({step.from(0)[0], step.from(1)[0], step.from(2)[0] != 0, width, step.instruction.to});
}

void commit_products(Step& step) { step.warp.products().commit(); }

/// A warp's 16 rows of the 64; sums of 8 columns after each other as mma.sync has them.
void make_product(Step& step, const PendingProduct& product) {
  const std::size_t first_row = 16 * static_cast<std::size_t>(step.warp.index() % 4);
  std::array<std::array<std::int32_t, 32>, 16> rows;
  for (std::size_t row = 0; row < rows.size(); ++row) rows[row] = operand_row(step, product.rows, first_row + row);
  for (std::size_t column = 0; column < static_cast<std::size_t>(product.width); ++column) {
    const std::array<std::int32_t, 32> numbers = operand_row(step, product.columns, column);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const std::size_t lane = 4 * (row % 8) + column % 8 / 2;
      const std::size_t r = 4 * (column / 8) + 2 * (row / 8) + column % 2;
      std::uint64_t& sum = step.warp.sums_aside().at(product.sums[r])[lane];
      sum = bits_of(Bytes::add(product.keep ? as<std::int32_t>(sum) : 0, rows[row].data(), numbers.data(), 32));
    }
  }
}

void wait_products(Step& step) {
  Batches<PendingProduct>& products = step.warp.products();
  for (; products.closed.size() > step.from(0)[0]; products.closed.pop_front()) {
    for (const PendingProduct& product : products.closed.front()) make_product(step, product);
  }
  std::map<int, Lanes>& aside = step.warp.sums_aside();
  for (auto sum = aside.begin(); sum != aside.end();) {
    const auto uses = [&](const PendingProduct& product) {
      return std::find(product.sums.begin(), product.sums.end(), sum->first) != product.sums.end();
    };
    const bool pending = std::any_of(products.open.begin(), products.open.end(), uses) || std::any_of(products.closed.begin(), products.closed.end(), [&](const std::vector<PendingProduct>& batch) {
      return std::any_of(batch.begin(), batch.end(), uses);
    });
    if (pending) {
      ++sum;
    } else {
      step.registers[sum->first] = sum->second;
      sum = aside.erase(sum);
    }
  }
}

}  // namespace

void add_products(Operations& operations) {
  operations["mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32"] = multiply_warp<Bytes, 32>;
  operations["mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"] = multiply_warp<Halves, 16>;
  operations["mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32"] = multiply_warp<Halves, 8>;
  operations["wgmma.mma_async.sync.aligned.m64n64k32.s32.s8.s8"] = begin_product<64>;
  operations["wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8"] = begin_product<128>;
  operations["wgmma.commit_group.sync.aligned"] = commit_products;
  operations["wgmma.wait_group.sync.aligned"] = wait_products;
}

}  // namespace splice_cuda::compiled

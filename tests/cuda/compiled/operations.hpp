#pragma once

/// @file operations.hpp
/// What each instruction of PTX does ("PTX ISA", chapter 9), for the lanes of a warp that execute it together.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "cuda/compiled/program.hpp"

namespace splice_cuda::compiled {

class Block;
class Warp;

inline constexpr std::uint32_t all_of_warp = 0xFFFFFFFFu;

/// One instruction as executed: operands of all lanes, of which those in `mask` take part.
struct Step {
  Block& block;
  Warp& warp;
  Lanes* registers;
  const Function& function;
  const Instruction& instruction;
  std::uint32_t mask;

  Lanes& to(std::size_t i = 0) const { return registers[operand(instruction.to, i)]; }
  const Lanes& from(std::size_t i) const { return slot(operand(instruction.from, i)); }
  const Lanes& slot(int number) const {
    return number >= 0 ? registers[number] : function.constants[static_cast<std::size_t>(~number)];
  }

  template <class Body>
  void each(Body body) const {
    if (mask == all_of_warp) {
      for (int lane = 0; lane < warp_lanes; ++lane) body(static_cast<std::size_t>(lane));
    } else {
      for (std::uint32_t left = mask; left != 0; left &= left - 1) body(static_cast<std::size_t>(std::countr_zero(left)));
    }
  }

  [[noreturn]] void fail(const std::string& what) const;

 private:
  int operand(const std::vector<int>& slots, std::size_t i) const {
    if (i >= slots.size()) fail("an operand is missing");
    return slots[i];
  }
};

/// A lane's variable as a T, and back; what T leaves of it is 0.
template <class T>
T as(std::uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}
template <class T>
std::uint64_t bits_of(T value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}

using Operations = std::unordered_map<std::string, Operation>;

/// Each adds what it knows, by the full name of the instruction.
void add_arithmetic(Operations& operations);
void add_conversions(Operations& operations);
void add_memory(Operations& operations);
void add_collectives(Operations& operations);
void add_products(Operations& operations);

}  // namespace splice_cuda::compiled

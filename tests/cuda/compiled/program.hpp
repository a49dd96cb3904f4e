#pragma once

/// @file program.hpp
/// Kernels as the compiler left them in PTX, decoded: what machine.hpp runs on the host.

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace splice_cuda::compiled {

inline constexpr int warp_lanes = 32;

/// The same variable of every lane of a warp; narrower ones in the lowest bits.
using Lanes = std::array<std::uint64_t, warp_lanes>;

constexpr std::size_t rounded_up(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// PTX that this machine does not know, or does not run: the message has the line.
class ProgramError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Step;
/// What an instruction does for the lanes of a step.
using Operation = void (*)(Step&);

/// Who has to be there when an instruction is executed.
enum class Meeting : std::uint8_t {
  none,     ///< each lane goes by itself
  warp,     ///< all lanes of the warp at this instruction
  barrier,  ///< all lanes of the warp, each at some instruction of this kind
  block,    ///< the same of the block
};

/// What an instruction does to control flow.
enum class Flow : std::uint8_t { next, branch, call, leave };

struct Instruction {
  const std::string* name = nullptr;  ///< as the PTX has it
  Operation operation = nullptr;
  Meeting meeting = Meeting::none;
  Flow flow = Flow::next;
  int guard = no_slot;  ///< lanes whose predicate is 0 do not take part
  bool guard_negated = false;
  std::vector<int> to;    ///< slots of destinations
  std::vector<int> from;  ///< slots of sources; the base of an address is the first one
  std::int64_t offset = 0;  ///< of an address
  int target = 0;           ///< of a branch: its instruction; of a call: its function
  int detail = 0;           ///< what the operation has beside its operands
  int line = 0;             ///< of the PTX
  bool is_copy = false;     ///< from register to register, or of a generic address: assembled, there is no instruction for most of these
  int place = -1;           ///< of Program::places, where the PTX says so (-lineinfo)

  static constexpr int no_slot = 0x7fffffff;
};

/// A variable in a lane's stack: a parameter of a function or of a call.
struct StackVariable {
  std::size_t offset = 0;
  std::size_t bytes = 0;
};

/// Slots: registers are numbers from 0 on, constants the complements of numbers from 0 on.
struct Function {
  std::string name;
  std::vector<Instruction> code;
  int registers = 0;
  std::vector<Lanes> constants;
  std::vector<std::pair<int, std::string>> special;          ///< register and name: %tid.x, ...
  std::vector<std::pair<int, std::size_t>> stack_addresses;  ///< register and offset in the lane's stack
  std::vector<std::pair<int, std::size_t>> arguments;        ///< register and offset among the kernel's arguments
  std::size_t argument_bytes = 0;
  std::vector<StackVariable> inputs;                         ///< of a function that is called
  std::vector<StackVariable> outputs;
  std::size_t stack_bytes = 0;
  std::size_t shared_bytes = 0;  ///< beside the dynamic ones, which begin there
  int threads = 0;               ///< of a block, at most; 0: not a kernel
};

/// A line of the source, and the one that it is inlined at.
struct SourcePlace {
  int file = 0;  ///< of Program::files
  int line = 0;
  int caller = -1;  ///< of Program::places; -1: none
};

struct Program {
  std::string target;  ///< sm_75, sm_90a, ...
  std::vector<Function> functions;
  std::unordered_map<std::string, int> by_name;
  std::unordered_map<int, std::string> files;
  std::vector<SourcePlace> places;

  /// @throws ProgramError where there is no such function
  const Function& function(const std::string& name) const;
};

/// @param text  of a PTX file
/// @throws ProgramError
Program parse(std::string_view text);

}  // namespace splice_cuda::compiled

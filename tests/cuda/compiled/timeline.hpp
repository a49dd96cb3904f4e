#pragma once

/// @file timeline.hpp
/// What a warp would wait for, were it alone on its multiprocessor: a model, told of what it executes.
///
/// Within a straight piece of code instructions are put in the order that an assembler would choose: of those whose operands are
/// there, the one that most depends on, loads not before stores that come before them. Then each begins a cycle after the one before
/// it or when its operands are there, as a multiprocessor of compute capability 9.0 does it, whose latencies the table in the source
/// file has. What is not modelled: other warps that want the same unit, memory's bandwidth, the instruction cache, registers
/// that do not suffice. A warp's times tell which lines it waits in, not how long a kernel takes.

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cuda/compiled/machine.hpp"
#include "cuda/compiled/operations.hpp"
#include "cuda/compiled/program.hpp"

namespace splice_cuda::compiled {

/// What cycles go by for.
enum class Wait : std::uint8_t { issue, arithmetic, shared, first_level, second_level, exchange, product, jump, barrier, count };
const char* name_of(Wait wait);

class Timeline : public Observer {
 public:
  explicit Timeline(const Program& program);
  ~Timeline() override;

  void executes(const Step& step, int instruction) override;
  void meet(const std::vector<std::unique_ptr<Warp>>& warps) override;
  void leaves(const Warp& warp) override;

  using Cycles = std::array<std::int64_t, static_cast<std::size_t>(Wait::count)>;
  /// Of all warps together: cycles that passed until something could begin, of the instruction that was waited for.
  const std::vector<std::vector<Cycles>>& waits() const { return waits_; }
  /// Bytes that each instruction reads from the second level.
  const std::vector<std::vector<std::int64_t>>& far_bytes() const { return far_bytes_; }

 private:
  struct Timing;
  struct Executed;
  struct Piece;
  struct Value;
  struct Clock;

  static Timing timing_of(const Instruction& instruction);
  const Timing& timing(const Instruction& instruction) const;
  Clock& clock(const Warp& warp);
  void add(Clock& clock, const Step& step, int instruction);
  void end_piece(Clock& clock);
  void execute(Clock& clock, const Executed& executed);
  static std::vector<std::size_t> order(const Clock& clock);
  static std::int64_t far_sectors(Clock& clock, const Step& step, std::size_t bytes);

  const Program& program_;
  std::unordered_map<const std::string*, Timing> timings_;
  std::vector<std::vector<Cycles>> waits_;
  std::vector<std::vector<std::int64_t>> far_bytes_;
  std::vector<std::vector<bool>> targets_;  ///< of branches, by function
  std::unordered_map<const Warp*, std::unique_ptr<Clock>> clocks_;
  std::unordered_map<const Lanes*, std::vector<Value>> values_;  ///< of a frame's registers
  std::map<std::array<int, 3>, std::vector<std::size_t>> orders_;  ///< by function, first and last instruction
  std::int64_t warps_ = 0;
};

}  // namespace splice_cuda::compiled

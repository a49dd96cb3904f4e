#include "cuda/compiled/machine.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <utility>

namespace splice_cuda::compiled {
namespace {

constexpr std::size_t stack_alignment = 16;
constexpr std::size_t shared_alignment = 1024;

std::string described(const Function& kernel, const Function& function, int line) {
  return kernel.name + (&kernel == &function ? "" : ", in " + function.name) + ", line " + std::to_string(line) + " of the PTX: ";
}

}  // namespace

void Step::fail(const std::string& what) const {
  throw KernelError(described(block.kernel(), function, instruction.line) + what);
}

std::vector<Lanes> RegisterPool::take(std::size_t function, int registers) {
  std::vector<std::vector<Lanes>>& free = free_[function];
  if (!free.empty()) {
    std::vector<Lanes> again = std::move(free.back());
    free.pop_back();
    return again;
  }
  Lanes unwritten{};
  unwritten.fill(~std::uint64_t{0});
  return std::vector<Lanes>(static_cast<std::size_t>(registers), unwritten);
}

Warp::Warp(Block& block, const Function& kernel, int index, int lanes)
    : block_(block), index_(index), stack_(new unsigned char[stack_bytes * warp_lanes]), copies_(warp_lanes) {
  const std::uint32_t mask = lanes == warp_lanes ? all_of_warp : (1u << lanes) - 1;
  add(enter(kernel, nullptr, 0, mask), 0, mask);
}

std::shared_ptr<Frame> Warp::enter(const Function& function, std::shared_ptr<Frame> caller, int call_at, std::uint32_t mask) const {
  RegisterPool& pool = block_.machine().pool();
  const std::size_t number = block_.machine().index_of(function);
  const std::shared_ptr<Frame> frame(new Frame, [&pool, number](Frame* done) {
    pool.give(number, std::move(done->registers));
    delete done;
  });
  frame->function = &function;
  frame->call_at = call_at;
  if (caller != nullptr) {
    frame->depth = caller->depth + 1;
    frame->stack_at = caller->stack_at + rounded_up(caller->function->stack_bytes, stack_alignment);
  }
  if (frame->stack_at + function.stack_bytes > stack_bytes) throw KernelError(function.name + ": no room on the stack");
  frame->caller = std::move(caller);
  frame->registers = pool.take(number, function.registers);
  for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
    if ((mask >> lane & 1u) != 0) std::memset(stack(*frame, lane), 0xFF, function.stack_bytes);
    for (const auto& [to, name] : function.special) frame->registers[static_cast<std::size_t>(to)][lane] = special(name, lane);
    for (const auto& [to, offset] : function.stack_addresses) {
      frame->registers[static_cast<std::size_t>(to)][lane] = reinterpret_cast<std::uint64_t>(stack(*frame, lane) + offset);
    }
    for (const auto& [to, offset] : function.arguments) {
      const auto* arguments = static_cast<const unsigned char*>(block_.launch().arguments);
      frame->registers[static_cast<std::size_t>(to)][lane] = reinterpret_cast<std::uint64_t>(arguments + offset);
    }
  }
  return frame;
}

unsigned char* Warp::stack(const Frame& frame, std::size_t lane) const {
  return stack_.get() + lane * stack_bytes + frame.stack_at;
}

std::uint64_t Warp::special(const std::string& name, std::size_t lane) const {
  if (name == "%tid.x") return static_cast<std::uint64_t>(index_ * warp_lanes) + lane;
  if (name == "%ntid.x") return static_cast<std::uint64_t>(block_.launch().threads);
  if (name == "%ctaid.x") return static_cast<std::uint64_t>(block_.index());
  if (name == "%nctaid.x") return static_cast<std::uint64_t>(block_.launch().blocks);
  if (name == "%laneid") return lane;
  throw ProgramError("special register " + name + ": not known");
}

std::uint32_t Warp::live() const {
  std::uint32_t mask = 0;
  for (const Strand& strand : strands_) mask |= strand.mask;
  return mask;
}

void Warp::add(std::shared_ptr<Frame> frame, int at, std::uint32_t mask) { strands_.push_back({std::move(frame), at, mask, Meeting::none}); }

void Warp::remove(const Strand& strand) {
  strands_.remove_if([&](const Strand& other) { return &other == &strand; });
}

/// Lanes that came to the same place become one strand with it.
void Warp::absorb(Strand& strand) {
  if (strands_.size() == 1) return;
  strands_.remove_if([&](const Strand& other) {
    const bool same = &other != &strand && other.frame == strand.frame && other.at == strand.at &&
                      (other.waits_for == Meeting::none || other.waits_for == Meeting::warp);
    if (same) strand.mask |= other.mask;
    return same;
  });
}

/// Of those that can go on the one that is deepest in calls, and farthest behind there.
Strand* Warp::next() {
  Strand* best = nullptr;
  for (Strand& strand : strands_) {
    if (strand.waits_for != Meeting::none) continue;
    const bool sooner = best == nullptr || strand.frame->depth > best->frame->depth ||
                        (strand.frame->depth == best->frame->depth && strand.at < best->at);
    if (sooner) best = &strand;
  }
  return best;
}

void Warp::run() {
  while (!strands_.empty()) {
    if (Strand* strand = next()) {
      absorb(*strand);
      advance(*strand);
      continue;
    }
    const auto all_wait = [&](Meeting meeting) {
      return std::all_of(strands_.begin(), strands_.end(), [&](const Strand& s) { return s.waits_for == meeting; });
    };
    if (all_wait(Meeting::block)) return;
    if (free_the_last()) continue;
    if (!all_wait(Meeting::barrier)) fail_waiting();
    release(Meeting::barrier);
  }
}

void Warp::release(Meeting meeting) {
  std::set<std::pair<const Frame*, int>> counted;  // lanes that are at one place execute it together
  for (Strand& strand : strands_) {
    if (strand.waits_for != meeting) continue;
    if (counted.emplace(strand.frame.get(), strand.at).second) count(strand, strand.mask);
    strand.waits_for = Meeting::none;
    ++strand.at;
  }
}

/// Where lanes waited for others, which have left since. @returns whether they can go on
bool Warp::free_the_last() {
  const std::uint32_t all = live();
  for (Strand& strand : strands_) {
    if (strand.waits_for != Meeting::warp || strand.mask != all) continue;
    strand.waits_for = Meeting::none;
    return true;
  }
  return false;
}

void Warp::pass_barrier() { release(Meeting::block); }

void Warp::fail_waiting() const {
  std::string places;
  const Strand* any = nullptr;
  for (const Strand& strand : strands_) {
    any = &strand;
    places += " " + std::to_string(strand.frame->function->code[static_cast<std::size_t>(strand.at)].line);
  }
  const Function& function = *any->frame->function;
  throw KernelError(described(block_.kernel(), function, function.code[static_cast<std::size_t>(any->at)].line) +
                    "lanes of a warp wait for each other at lines" + places);
}

void Warp::count(const Strand& strand, std::uint32_t mask) {
  Machine& machine = block_.machine();
  const Function& function = *strand.frame->function;
  machine.count(function, strand.at);
  if (Observer* const observer = machine.observer()) {
    const Instruction& instruction = function.code[static_cast<std::size_t>(strand.at)];
    observer->executes({block_, *this, strand.frame->registers.data(), function, instruction, mask}, strand.at);
  }
}

/// Until lanes part or wait.
void Warp::advance(Strand& strand) {
  while (true) {
    const Function& function = *strand.frame->function;
    const Instruction& instruction = function.code[static_cast<std::size_t>(strand.at)];
    std::uint32_t mask = strand.mask;
    Lanes* registers = strand.frame->registers.data();
    if (instruction.guard != Instruction::no_slot) {
      const Lanes& guard = registers[instruction.guard];
      for (std::uint32_t left = mask; left != 0; left &= left - 1) {
        const int lane = std::countr_zero(left);
        if ((guard[static_cast<std::size_t>(lane)] != 0) == instruction.guard_negated) mask &= ~(1u << lane);
      }
    }
    if (instruction.meeting != Meeting::none && mask == 0) {  // no lane takes part
      ++strand.at;
      continue;
    }
    if (instruction.meeting == Meeting::warp && strand.mask != live()) {
      strand.waits_for = Meeting::warp;
      return;
    }
    if (instruction.meeting != Meeting::none && mask != strand.mask) {
      throw KernelError(described(block_.kernel(), function, instruction.line) + "not all lanes take part");
    }
    if (instruction.meeting == Meeting::barrier || instruction.meeting == Meeting::block) {
      strand.waits_for = instruction.meeting;
      return;
    }
    count(strand, mask);
    const bool alone = strands_.size() == 1;
    if (instruction.flow == Flow::next) {
      if (mask != 0) {
        Step step{block_, *this, registers, function, instruction, mask};
        instruction.operation(step);
      }
      ++strand.at;
      if (!alone) return;
    } else {
      go_on(strand, instruction, mask);
      return;
    }
  }
}

void Warp::go_on(Strand& strand, const Instruction& instruction, std::uint32_t mask) {
  if (mask == 0) {
    ++strand.at;
  } else if (instruction.flow == Flow::call) {
    call(strand, instruction, mask);
  } else if (instruction.flow == Flow::leave) {
    leave(strand, mask);
  } else if (mask == strand.mask) {
    strand.at = instruction.target;
  } else {
    strand.mask &= ~mask;
    add(strand.frame, instruction.target, mask);
    ++strand.at;
  }
}

/// Lanes that call leave their strand; their next one begins in the function.
void Warp::call(Strand& strand, const Instruction& instruction, std::uint32_t mask) {
  const Function& callee = block_.machine().program().functions[static_cast<std::size_t>(instruction.target)];
  const std::shared_ptr<Frame> frame = enter(callee, strand.frame, strand.at, mask);
  const Step step{block_, *this, strand.frame->registers.data(), *strand.frame->function, instruction, mask};
  for (std::size_t i = 0; i < callee.inputs.size(); ++i) {
    const StackVariable& input = callee.inputs[i];
    step.each([&](std::size_t lane) {
      std::memcpy(stack(*frame, lane) + input.offset, reinterpret_cast<const void*>(step.from(i)[lane]), input.bytes);
    });
  }
  if (mask == strand.mask) {
    strand.frame = frame;
    strand.at = 0;
    return;
  }
  strand.mask &= ~mask;
  ++strand.at;
  add(frame, 0, mask);
}

void Warp::leave(Strand& strand, std::uint32_t mask) {
  const std::shared_ptr<Frame> frame = strand.frame;
  const std::shared_ptr<Frame> caller = frame->caller;
  if (caller != nullptr) {
    const Function& function = *caller->function;
    const Instruction& call = function.code[static_cast<std::size_t>(frame->call_at)];
    const Step step{block_, *this, caller->registers.data(), function, call, mask};
    for (std::size_t i = 0; i < frame->function->outputs.size(); ++i) {
      const StackVariable& output = frame->function->outputs[i];
      step.each([&](std::size_t lane) {
        std::memcpy(reinterpret_cast<void*>(step.to(i)[lane]), stack(*frame, lane) + output.offset, output.bytes);
      });
    }
    add(caller, frame->call_at + 1, mask);
  }
  if (mask == strand.mask) return remove(strand);
  strand.mask &= ~mask;
  ++strand.at;
}

Block::Block(Machine& machine, const Function& kernel, const Launch& launch, std::int64_t index)
    : machine_(machine),
      kernel_(kernel),
      launch_(launch),
      index_(index),
      shared_bytes_(kernel.shared_bytes + launch.dynamic_bytes),
      shared_(static_cast<unsigned char*>(std::aligned_alloc(shared_alignment, rounded_up(shared_bytes_ + 1, shared_alignment))),
              std::free) {
  if (shared_ == nullptr) throw std::bad_alloc();
  std::memset(shared_.get(), 0xFF, shared_bytes_);
}

unsigned char* Block::shared(const Step& step, std::uint64_t address, std::size_t bytes) {
  address &= all_of_warp;  // of 32 bits
  if (address + bytes > shared_bytes_ || address > shared_bytes_) {
    step.fail("shared address " + std::to_string(address) + ", of " + std::to_string(shared_bytes_) + " bytes");
  }
  return shared_.get() + address;
}

std::uint64_t Block::shared_begin() const { return reinterpret_cast<std::uint64_t>(shared_.get()); }

/// Warps run one after the other from barrier to barrier, every other time from the last one to the first.
void Block::run() {
  std::vector<std::unique_ptr<Warp>> warps;
  for (int first = 0; first < launch_.threads; first += warp_lanes) {
    warps.push_back(std::make_unique<Warp>(*this, kernel_, first / warp_lanes, std::min(warp_lanes, launch_.threads - first)));
  }
  while (!warps.empty()) {
    for (const std::unique_ptr<Warp>& warp : warps) {
      warp->run();
      if (warp->done() && machine_.observer() != nullptr) machine_.observer()->leaves(*warp);
    }
    std::erase_if(warps, [](const std::unique_ptr<Warp>& warp) { return warp->done(); });
    if (machine_.observer() != nullptr) machine_.observer()->meet(warps);
    for (const std::unique_ptr<Warp>& warp : warps) warp->pass_barrier();
    std::reverse(warps.begin(), warps.end());
  }
}

Machine::Machine(Program program) : program_(std::move(program)), pool_(program_) {
  for (const Function& function : program_.functions) counts_.emplace_back(function.code.size(), 0);
}

void Machine::run(const std::string& kernel, const Launch& launch) {
  const Function& function = program_.function(kernel);
  if (function.threads < launch.threads) {
    throw KernelError(kernel + ": got " + std::to_string(launch.threads) + " threads, expected at most " + std::to_string(function.threads));
  }
  if (launch.argument_bytes < function.argument_bytes) {
    throw KernelError(kernel + ": got " + std::to_string(launch.argument_bytes) + " bytes of arguments, expected " +
                      std::to_string(function.argument_bytes));
  }
  for (std::int64_t block = 0; block < launch.blocks; ++block) Block(*this, function, launch, block).run();
}

}  // namespace splice_cuda::compiled

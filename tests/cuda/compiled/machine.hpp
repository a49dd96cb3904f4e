#pragma once

/// @file machine.hpp
/// Runs kernels of a Program on the host, block after block, each as its warps' lanes would ("PTX ISA", chapters 3 and 5).
///
/// Lanes of a warp that are at the same instruction execute it together; where they part, those that are behind go first, so that
/// they meet again; those that called a function apart do not meet in it. Instructions that lanes do together wait for all of them. A launch ends with an error where they wait for
/// each other forever, where an address is no multiple of its access or beyond shared memory, and by `trap`. Shared memory and
/// stacks hold all ones before they are written, and registers that or what another warp left. Copies arrive and asynchronous
/// products are made when they are waited for.
///
/// Shared addresses count from 0; generic, global and local ones are the host's.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cuda/compiled/operations.hpp"
#include "cuda/compiled/program.hpp"

namespace splice_cuda::compiled {

/// An error of a kernel, with its name and the line of the PTX.
class KernelError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Launch {
  std::int64_t blocks = 1;
  int threads = warp_lanes;
  std::size_t dynamic_bytes = 0;
  const void* arguments = nullptr;  ///< as they lie in a kernel's parameters
  std::size_t argument_bytes = 0;
};

class Warp;

/// Is told what warps do, in their order.
class Observer {
 public:
  virtual ~Observer() = default;
  /// An instruction is about to be executed; `mask` is 0 where no lane takes part.
  virtual void executes(const Step& step, int instruction) = 0;
  /// All warps of a block are at a barrier.
  virtual void meet(const std::vector<std::unique_ptr<Warp>>& warps) = 0;
  virtual void leaves(const Warp& warp) = 0;
};

/// Memory of frames that are done, for the next ones: a kernel has thousands of registers, as each is written in one place.
class RegisterPool {
 public:
  explicit RegisterPool(const Program& program) : free_(program.functions.size()) {}

  std::vector<Lanes> take(std::size_t function, int registers);
  void give(std::size_t function, std::vector<Lanes> registers) {
    if (!registers.empty()) free_[function].push_back(std::move(registers));
  }

 private:
  std::vector<std::vector<std::vector<Lanes>>> free_;  ///< by function
};

/// A call of a function: its registers, and of each lane a piece of the stack.
struct Frame {
  const Function* function = nullptr;
  std::shared_ptr<Frame> caller;
  int call_at = 0;  ///< the caller's instruction
  std::size_t depth = 0;
  std::size_t stack_at = 0;  ///< in each lane's stack
  std::vector<Lanes> registers;
};

/// Lanes that are at one instruction.
struct Strand {
  std::shared_ptr<Frame> frame;
  int at = 0;
  std::uint32_t mask = 0;
  Meeting waits_for = Meeting::none;
};

/// What a lane has asked to be copied: 16 bytes, or zeros.
struct PendingCopy {
  unsigned char* to = nullptr;
  const unsigned char* from = nullptr;
  std::size_t bytes = 0;
};

/// A product of a warp's part of a warpgroup.
struct PendingProduct {
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  bool keep = false;
  int width = 0;           ///< columns
  std::vector<int> sums;   ///< registers of the frame
};

template <class Item>
struct Batches {
  std::vector<Item> open;
  std::deque<std::vector<Item>> closed;

  void commit() {
    closed.push_back(std::move(open));
    open.clear();
  }
};

class Warp {
 public:
  Warp(Block& block, const Function& kernel, int index, int lanes);

  /// Until all lanes have left or wait for the block.
  void run();
  bool done() const { return strands_.empty(); }
  void pass_barrier();

  int index() const { return index_; }
  std::vector<Batches<PendingCopy>>& copies() { return copies_; }
  Batches<PendingProduct>& products() { return products_; }
  /// By register: sums of products that are not waited for.
  std::map<int, Lanes>& sums_aside() { return sums_aside_; }

 private:
  static constexpr std::size_t stack_bytes = std::size_t{1} << 12;  // of a lane

  Strand* next();
  void count(const Strand& strand, std::uint32_t mask);
  void advance(Strand& strand);
  void go_on(Strand& strand, const Instruction& instruction, std::uint32_t mask);
  void call(Strand& strand, const Instruction& instruction, std::uint32_t mask);
  void leave(Strand& strand, std::uint32_t mask);
  void release(Meeting meeting);
  bool free_the_last();
  void absorb(Strand& strand);
  void add(std::shared_ptr<Frame> frame, int at, std::uint32_t mask);
  void remove(const Strand& strand);
  std::shared_ptr<Frame> enter(const Function& function, std::shared_ptr<Frame> caller, int call_at, std::uint32_t mask) const;
  std::uint64_t special(const std::string& name, std::size_t lane) const;
  unsigned char* stack(const Frame& frame, std::size_t lane) const;
  std::uint32_t live() const;
  [[noreturn]] void fail_waiting() const;

  Block& block_;
  int index_;
  std::list<Strand> strands_;
  std::unique_ptr<unsigned char[]> stack_;
  std::vector<Batches<PendingCopy>> copies_;
  Batches<PendingProduct> products_;
  std::map<int, Lanes> sums_aside_;
};

/// Counts what warps execute.
class Machine {
 public:
  explicit Machine(Program program);

  /// @throws KernelError
  void run(const std::string& kernel, const Launch& launch);

  const Program& program() const { return program_; }
  /// How often warps executed each instruction, by function.
  const std::vector<std::vector<std::int64_t>>& counts() const { return counts_; }
  std::size_t index_of(const Function& function) const {
    return static_cast<std::size_t>(&function - program_.functions.data());
  }
  void count(const Function& function, int instruction) {
    ++counts_[index_of(function)][static_cast<std::size_t>(instruction)];
  }
  RegisterPool& pool() { return pool_; }
  Observer* observer() const { return observer_; }
  void set_observer(Observer* observer) { observer_ = observer; }

 private:
  Program program_;
  std::vector<std::vector<std::int64_t>> counts_;
  RegisterPool pool_;
  Observer* observer_ = nullptr;
};

class Block {
 public:
  Block(Machine& machine, const Function& kernel, const Launch& launch, std::int64_t index);

  void run();

  /// Where a shared address lies. @throws KernelError beyond shared memory
  unsigned char* shared(const Step& step, std::uint64_t address, std::size_t bytes);
  std::uint64_t shared_begin() const;
  Machine& machine() { return machine_; }
  const Launch& launch() const { return launch_; }
  std::int64_t index() const { return index_; }
  const Function& kernel() const { return kernel_; }

 private:
  Machine& machine_;
  const Function& kernel_;
  const Launch& launch_;
  std::int64_t index_;
  std::size_t shared_bytes_;
  std::unique_ptr<unsigned char, void (*)(void*)> shared_;
};

}  // namespace splice_cuda::compiled

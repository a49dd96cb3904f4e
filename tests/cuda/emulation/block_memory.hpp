#pragma once

/// @file block_memory.hpp
/// Shared memory of an emulated block: the kernel's Shared and, aligned to 1,024 bytes, what it has beside it.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace splice_cuda::emulation {

class BlockMemory {
 public:
  BlockMemory(std::size_t shared_bytes, std::size_t dynamic_bytes)
      : dynamic_at_(rounded(shared_bytes)), bytes_(dynamic_at_ + rounded(dynamic_bytes)) {
    memory_.reset(static_cast<unsigned char*>(std::aligned_alloc(alignment, bytes_)));
    if (memory_ == nullptr) throw std::bad_alloc();
  }

  void* shared() const { return memory_.get(); }
  unsigned char* dynamic() const { return memory_.get() + dynamic_at_; }
  std::size_t bytes() const { return bytes_; }
  /// What a block finds when it begins.
  void forget() const { std::memset(memory_.get(), 0xFF, bytes_); }

 private:
  static constexpr std::size_t alignment = 1024;
  static constexpr std::size_t rounded(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  std::size_t dynamic_at_;
  std::size_t bytes_;
  std::unique_ptr<unsigned char, Free> memory_;
};

}  // namespace splice_cuda::emulation

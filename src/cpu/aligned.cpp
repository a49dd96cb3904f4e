#include "cpu/aligned.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

#include "splice_cuda/error.hpp"

namespace splice_cuda::cpu {

void AlignedDelete::operator()(void* p) const noexcept { std::free(p); }

void* allocate_aligned(std::size_t bytes, const char* what) {
  const std::size_t rounded = round_up(bytes == 0 ? std::size_t{1} : bytes, array_alignment);
  void* memory = std::aligned_alloc(array_alignment, rounded);
  if (memory == nullptr) {
    throw OutOfMemoryError("out of memory: " + std::to_string(rounded) + " bytes for " + what);
  }
  std::memset(memory, 0, rounded);
  return memory;
}

}  // namespace splice_cuda::cpu

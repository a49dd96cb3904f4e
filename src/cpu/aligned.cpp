#include "cpu/aligned.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

#include "core/huge_pages.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cpu {

void AlignedDelete::operator()(void* p) const noexcept { std::free(p); }

void* allocate_aligned(std::size_t bytes, const char* what) {
  const bool large = bytes >= 2 * huge_page;
  const std::size_t alignment = large ? huge_page : array_alignment;
  const std::size_t rounded = round_up(bytes == 0 ? std::size_t{1} : bytes, alignment);
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) {
    throw OutOfMemoryError("out of memory: " + std::to_string(rounded) + " bytes for " + what);
  }
  // A working set's atoms lie anywhere in the dictionary: with pages of 4 KiB, finding them takes as long as reading them (in
  // virtual machines above all).
  if (large) ask_for_huge_pages(memory, rounded);
  std::memset(memory, 0, rounded);
  return memory;
}

}  // namespace splice_cuda::cpu

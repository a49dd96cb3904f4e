#include "cpu/aligned.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/mman.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::cpu {

void AlignedDelete::operator()(void* p) const noexcept { std::free(p); }

void* allocate_aligned(std::size_t bytes, const char* what) {
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  const std::size_t alignment = bytes < 4 * huge_page ? array_alignment : huge_page;
  const std::size_t rounded = round_up(bytes == 0 ? std::size_t{1} : bytes, array_alignment);
  void* memory = std::aligned_alloc(alignment, round_up(rounded, alignment));
  if (memory == nullptr) {
    throw OutOfMemoryError("out of memory: " + std::to_string(rounded) + " bytes for " + what);
  }
  // A large array is touched page by page for the first time here: in huge pages that costs a quarter. A hint; what the
  // system makes of it changes no result.
  if (alignment == huge_page) (void)::madvise(memory, rounded, MADV_HUGEPAGE);
  std::memset(memory, 0, rounded);
  return memory;
}

}  // namespace splice_cuda::cpu

#include "concepts/atom_memory.hpp"

#include <string>

#include "core/available_memory.hpp"
#include "cpu/aligned.hpp"

namespace splice_cuda {

AtomMemory allocate_atoms(std::int64_t rows, std::int64_t dim, DType dtype) {
  TypedMatrixView atoms(nullptr, dtype, rows, dim, dim);
  const auto bytes = static_cast<std::size_t>(rows * dim * atoms.element_size());
  const std::string what =
      std::to_string(rows) + " atoms of " + std::to_string(dim) + " numbers in " + to_string(dtype);
  require_memory(bytes, available_memory(), what);
  cpu::AlignedArray<std::byte> memory = cpu::make_aligned<std::byte>(bytes, what.c_str());
  atoms.data = memory.get();
  return {std::shared_ptr<std::byte>(memory.release(), cpu::AlignedDelete()), atoms};
}

}  // namespace splice_cuda

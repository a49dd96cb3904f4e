#include "concepts/stored_atoms.hpp"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "concepts/atom_memory.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

/// A matrix as a file holds it; nothing for `dtype` where its type is not one of atoms.
struct FileMatrix {
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
  std::optional<DType> dtype;
  std::shared_ptr<const io::MappedFile> file;
};

std::optional<DType> dtype_of(io::TensorType type) {
  if (type == io::TensorType::float32) return DType::float32;
  if (type == io::TensorType::float16) return DType::float16;
  if (type == io::TensorType::bfloat16) return DType::bfloat16;
  return std::nullopt;
}

std::optional<DType> dtype_of(io::NpyType type) {
  if (type == io::NpyType::float32) return DType::float32;
  if (type == io::NpyType::float16) return DType::float16;
  return std::nullopt;
}

/// @param convert  writes all elements as float32
template <class Convert>
StoredAtoms atoms_of(const FileMatrix& matrix, const std::string& name, Convert convert) {
  if (matrix.shape.size() != 2) {
    throw FileError(name + ": found " + std::to_string(matrix.shape.size()) +
                    " dimensions, expected a matrix of atoms [p, d]");
  }
  const std::int64_t rows = matrix.shape[0];
  const std::int64_t dim = matrix.shape[1];
  const TypedMatrixView in_file(matrix.data.data(), matrix.dtype.value_or(DType::float32), rows, dim, dim);
  const bool aligned =
      reinterpret_cast<std::uintptr_t>(in_file.data) % static_cast<std::uintptr_t>(in_file.element_size()) ==
      0;
  if (matrix.dtype && (aligned || matrix.data.empty())) return {in_file, matrix.file};
  const AtomMemory memory = allocate_atoms(rows, dim, in_file.dtype);
  if (matrix.dtype) {
    std::memcpy(memory.owner.get(), matrix.data.data(), matrix.data.size());
  } else {
    convert(matrix.data.data(), rows * dim, reinterpret_cast<float*>(memory.owner.get()));
  }
  return {memory.atoms, memory.owner};
}

}  // namespace

StoredAtoms stored_atoms(const io::SafetensorsFile& file, const std::string& tensor,
                         const std::string& name) {
  const io::TensorView& view = file.tensor(tensor);
  io::check_float_type(view.type, name);
  return atoms_of({view.shape, view.data, dtype_of(view.type), file.mapping()}, name,
                  [&](const std::byte* data, std::int64_t count, float* out) {
                    io::convert_to_float32(view.type, data, count, out);
                  });
}

StoredAtoms stored_atoms(const std::filesystem::path& npy) {
  const auto file = std::make_shared<const io::MappedFile>(npy);
  const io::NpyArray array = io::parse_npy(file->bytes(), npy.string());
  io::check_float_type(array.type, npy.string());
  return atoms_of({array.shape, array.data, dtype_of(array.type), file}, npy.string(),
                  [&](const std::byte* data, std::int64_t count, float* out) {
                    io::convert_to_float32(array.type, data, count, out);
                  });
}

}  // namespace splice_cuda

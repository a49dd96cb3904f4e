#pragma once

/// @file npy_rows.hpp
/// A .npy of embeddings whose number is known only at the end.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/atomic_file.hpp"
#include "io/npy.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cli {

/// Rows are written as they come; `commit` puts their number into the header. Whole or not at all.
class NpyRows {
 public:
  /// @param type  float32 or float16
  NpyRows(const std::filesystem::path& path, std::int64_t dim, io::NpyType type);

  /// @param unit  scales each row to length 1; rows of zeros and non-finite ones stay as they are
  void write(MatrixView<const float> rows, bool unit);
  std::int64_t rows() const noexcept { return rows_; }
  /// @throws FileError
  void commit();

 private:
  io::AtomicFile file_;
  std::int64_t dim_;
  io::NpyType type_;
  std::int64_t rows_ = 0;
  std::vector<float> row_;
  std::vector<std::byte> bytes_;
};

}  // namespace splice_cuda::cli

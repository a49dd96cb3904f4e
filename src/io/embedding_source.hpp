#pragma once

/// @file embedding_source.hpp
/// Embeddings on disk, read tile by tile: larger than memory is fine.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::io {

/// Rows of length dim() from a .npy (f16, f32, f64), a .safetensors with one 2-d tensor (or one called
/// "embeddings"), or a folder of img_emb_*.npy shards in the order of their numbers (clip-retrieval's
/// layout; shards of one folder agree in length d).
class EmbeddingSource {
 public:
  virtual ~EmbeddingSource() = default;
  virtual std::int64_t rows() const noexcept = 0;
  virtual std::int64_t dim() const noexcept = 0;
  /// Copies rows [first, first + out.rows) as float32. @throws FileError (a file that shrank meanwhile)
  /// @throws ArgumentError for rows that are not there, or out.cols other than dim()
  virtual void read(std::int64_t first, MatrixView<float> out) const = 0;

  /// @throws FileError
  static std::unique_ptr<EmbeddingSource> open(const std::filesystem::path& path);
};

/// One concept a line; UTF-8, "\n" or "\r\n"; a byte order mark in front is skipped. Lines are kept as they are (an
/// empty line is an empty name), so that line i belongs to row i. @throws FileError for invalid UTF-8 (names the line) or
/// NUL bytes.
std::vector<std::string> read_concept_list(const std::filesystem::path& path, const std::string& noun = "concept");

}  // namespace splice_cuda::io

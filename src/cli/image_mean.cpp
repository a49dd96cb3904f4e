#include "cli/image_mean.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "cli/embedding_blocks.hpp"
#include "cli/progress_line.hpp"
#include "io/npy.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {

double length_of(const std::vector<float>& vector) {
  double square = 0;
  for (const float value : vector) square += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(square);
}

std::vector<float> read_mean(const std::filesystem::path& path, std::int64_t dim, const std::string& of) {
  io::FloatArray array = io::read_npy_float32(path);
  const bool vector = array.shape.size() == 1 || (array.shape.size() == 2 && array.shape[0] == 1);
  if (!vector || array.values.empty()) {
    throw FileError(fmt::format("{}: found {} dimensions and {} numbers, expected a mean of shape [d] or [1, d]",
                                path.string(), array.shape.size(), array.values.size()));
  }
  if (static_cast<std::int64_t>(array.values.size()) != dim) {
    throw ArgumentError(fmt::format("--image-mean: got {} numbers in '{}'; expected {}, the length of {}", array.values.size(),
                                    path.string(), dim, of));
  }
  if (!std::all_of(array.values.begin(), array.values.end(), [](float value) { return std::isfinite(value); })) {
    throw FileError(path.string() + ": found NaN or infinity, expected a mean of finite numbers");
  }
  constexpr double rounding = 1e-3;
  if (const double length = length_of(array.values); length * length > 1 + rounding) {
    throw ArgumentError(fmt::format("--image-mean: got a mean of length {:.3g} in '{}'; expected one of unit embeddings, which is not longer than 1 "
                                    "(splice mean writes it)", length, path.string()));
  }
  return std::move(array.values);
}

UnitRowMean mean_of_unit_rows(const io::EmbeddingSource& source, bool quiet) {
  UnitRowMean mean(source.dim());
  ProgressLine progress("mean", source.rows(), quiet);
  for_each_block(source, {}, [&](std::int64_t first, MatrixView<const float> block) {
    mean.add(block);
    progress.update(first + block.rows);
  });
  return mean;
}

}  // namespace splice_cuda::cli

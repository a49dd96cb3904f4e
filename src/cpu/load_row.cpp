#include "cpu/load_row.hpp"

#include <algorithm>
#include <cmath>

#include "core/typed_rows.hpp"

namespace splice_cuda::cpu {
namespace {

double squared_norm(const float* z, std::int64_t size) {
  double sum = 0;
  for (std::int64_t k = 0; k < size; ++k) {
    sum += static_cast<double>(z[k]) * static_cast<double>(z[k]);
  }
  return sum;
}

}  // namespace

LoadedRow load_row(const EmbeddingsView& embeddings, std::int64_t row, float* z, std::int64_t ld) {
  convert_row(embeddings, row, z);
  std::fill(z + embeddings.cols, z + ld, 0.0f);
  LoadedRow loaded;
  const double norm = std::sqrt(squared_norm(z, embeddings.cols));
  if (!std::isfinite(norm) || norm == 0) {
    loaded.kind = norm == 0 ? RowKind::zero : RowKind::non_finite;
    std::fill(z, z + ld, 0.0f);
    return loaded;
  }
  loaded.exponent = -std::ilogb(norm);
  const double power = std::ldexp(1.0, loaded.exponent);  // in fp64: exact, and in range where float32's is not
  for (std::int64_t k = 0; k < embeddings.cols; ++k) z[k] = static_cast<float>(static_cast<double>(z[k]) * power);
  loaded.z_dot_z = squared_norm(z, embeddings.cols);
  return loaded;
}

}  // namespace splice_cuda::cpu

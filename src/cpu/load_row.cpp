#include "cpu/load_row.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/half.hpp"

namespace splice_cuda::cpu {
namespace {

template <class T>
void convert(const void* data, std::int64_t offset, std::int64_t cols, float* z) {
  const T* source = static_cast<const T*>(data) + offset;
  for (std::int64_t k = 0; k < cols; ++k) {
    if constexpr (std::is_same_v<T, float>) {
      z[k] = source[k];
    } else {
      z[k] = to_float(source[k]);
    }
  }
}

double squared_norm(const float* z, std::int64_t size) {
  double sum = 0;
  for (std::int64_t k = 0; k < size; ++k) {
    sum += static_cast<double>(z[k]) * static_cast<double>(z[k]);
  }
  return sum;
}

}  // namespace

LoadedRow load_row(const EmbeddingsView& embeddings, std::int64_t row, float* z, std::int64_t ld) {
  const std::int64_t offset = row * embeddings.ld;
  switch (embeddings.dtype) {
    case DType::float32: convert<float>(embeddings.data, offset, embeddings.cols, z); break;
    case DType::float16: convert<Float16>(embeddings.data, offset, embeddings.cols, z); break;
    case DType::bfloat16: convert<BFloat16>(embeddings.data, offset, embeddings.cols, z); break;
  }
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

#include "cpu/recompose.hpp"

#include <vector>

#include "cpu/row_products.hpp"

namespace splice_cuda::cpu {

void recompose_rows(const CpuDictionary& dictionary, const SparseCodes& codes, std::int64_t first,
                    std::int64_t count, MatrixView<float> reconstruction) {
  const std::vector<float> zero(static_cast<std::size_t>(dictionary.ld), 0.0f);
  std::vector<double> negative(static_cast<std::size_t>(dictionary.ld));
  std::vector<double> weights;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto atoms = codes.row_atoms(first + i);
    const auto values = codes.row_values(first + i);
    weights.assign(values.begin(), values.end());
    // 0 - W C, the residual of a zero row.
    residual_f64(dictionary, zero.data(), atoms.data(), weights.data(),
                 static_cast<std::int64_t>(atoms.size()), negative.data());
    float* out = reconstruction.row(i);
    for (std::int64_t k = 0; k < dictionary.dim; ++k) {
      out[k] = static_cast<float>(0.0 - negative[static_cast<std::size_t>(k)]);
    }
  }
}

}  // namespace splice_cuda::cpu

#include "matrix_product.hpp"

#include <algorithm>
#include <cstddef>

#include <cblas.h>

namespace splice_cuda::bench {
namespace {

constexpr std::int64_t rows_per_block = 1024;

}  // namespace

MatrixProduct::MatrixProduct(MatrixView<const float> atoms, int threads) : atoms_(atoms), threads_(threads) {}

void MatrixProduct::run(MatrixView<const float> embeddings) {
  openblas_set_num_threads(threads_);
  const auto size = static_cast<blasint>(atoms_.rows);
  const auto dim = static_cast<blasint>(atoms_.cols);
  correlations_.resize(static_cast<std::size_t>(std::min(embeddings.rows, rows_per_block) * atoms_.rows));
  if (embeddings.rows == 1) {
    cblas_sgemv(CblasRowMajor, CblasNoTrans, size, dim, 1, atoms_.data, dim, embeddings.data, 1, 0,
                correlations_.data(), 1);
    return;
  }
  for (std::int64_t first = 0; first < embeddings.rows; first += rows_per_block) {
    const auto count = static_cast<blasint>(std::min(rows_per_block, embeddings.rows - first));
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count, size, dim, 1, embeddings.row(first), dim,
                atoms_.data, dim, 0, correlations_.data(), size);
  }
}

std::string matrix_product_kernels() { return openblas_get_corename(); }

}  // namespace splice_cuda::bench

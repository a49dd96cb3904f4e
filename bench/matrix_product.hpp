#pragma once

/// @file matrix_product.hpp
/// The yardstick: one fp32 product Z C' by OpenBLAS.

#include <cstdint>
#include <string>
#include <vector>

#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::bench {

/// Z C' of any number of rows, in blocks that reuse one output buffer: a batch of 65,536 would need 4 GB, and
/// writing those would only slow the product down. One row is a matrix-vector product (sgemv).
class MatrixProduct {
 public:
  MatrixProduct(MatrixView<const float> atoms, int threads);
  void run(MatrixView<const float> embeddings);

 private:
  MatrixView<const float> atoms_;
  int threads_;
  std::vector<float> correlations_;
};

/// The kernels that OpenBLAS chose for this processor ("SkylakeX", "Zen", ...). On Zen 4, versions before
/// 0.3.22 choose AVX2 ones: run.sh sets OPENBLAS_CORETYPE.
std::string matrix_product_kernels();

}  // namespace splice_cuda::bench

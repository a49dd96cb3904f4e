#include "machine.hpp"

#include "matrix_product.hpp"
#include "splice_cuda/device.hpp"

namespace splice_cuda::bench {

std::map<std::string, std::string> describe_build() {
  return {{"compiler", SPLICE_BENCH_COMPILER},
          {"cpu_target", cpu_target()},
          {"openblas_kernels", matrix_product_kernels()},
          {"version", version()}};
}

}  // namespace splice_cuda::bench

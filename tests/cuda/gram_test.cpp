// Gram matrices in registers, and products with a vector beside them, from float16 parts: as good as float32, or good enough for
// a guess.

#include <cmath>

#include "cuda/kernel_problem.hpp"
#include "cuda/register_matrices.hpp"

namespace splice_cuda::testing {
namespace {

template <int places, bool rough>
struct GramKernel {
  struct Args {
    cuda::AtomsView atoms;
    int count = 0;
    float* gram = nullptr;      ///< [places, places]
    float* diagonal = nullptr;  ///< [places]
    const Float16* vector = nullptr;  ///< [2, ld]
    float* products = nullptr;        ///< [count] with the vector, times factor(i)
  };
  using Registers = RegisterMatrixOf<places>;
  struct Shared {
    alignas(16) typename Registers::Memory matrix;
    alignas(16) float factors[places];
    alignas(16) float row[places];
  };
  static constexpr int lanes = Registers::lanes;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "gram_kernel";

  static float factor(int i) { return i % 2 == 0 ? 1.5f : -0.25f; }

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared& shared) {
    typename Registers::template Matrix<Group> matrix(group, shared.matrix, shared.factors);
    auto row = group.array(shared.row, places);
    matrix.template set_gram<rough>(
        args.atoms, args.count, [](int i) -> std::int64_t { return 2 * i + 1; }, [](int i) { return factor(i); }, args.vector,
        [&](int i, float product) { args.products[i] = product; });
    group.sync();
    for (int k = 0; k < places; ++k) {
      matrix.read_row(k, places, row);
      group.sync();
      group.each([&](int lane) {
        for (int j = lane; j < places; j += Group::size) args.gram[k * places + j] = row[j];
      });
      group.sync();
    }
    group.each([&](int lane) {
      for (int j = lane; j < args.count; j += Group::size) args.diagonal[j] = matrix.diagonal(j);
    });
  }
};

class Gram : public WatchedKernels {
 protected:
  struct Product {
    long double value = 0;
    double norms = 0;
    double error(double found) const { return std::abs(found - static_cast<double>(value)) / norms; }
  };
  static Product product_of(const float* a, const float* b, std::int64_t dim) {
    long double sum = 0;
    double aa = 0;
    double bb = 0;
    for (std::int64_t d = 0; d < dim; ++d) {
      sum += static_cast<long double>(a[d]) * b[d];
      aa += static_cast<double>(a[d]) * static_cast<double>(a[d]);
      bb += static_cast<double>(b[d]) * static_cast<double>(b[d]);
    }
    return {sum, std::sqrt(aa * bb)};
  }

  /// Of `count` atoms. @returns the largest error of a product, over the norms of the two vectors
  template <int places, bool rough = false>
  double error_of(std::int64_t dim, int count) {
    SampleProblem sample = sample_problem(2 * places + 1, dim, 1, static_cast<std::uint64_t>(dim + count));
    for (std::size_t i = 0; i < sample.dictionary.size(); ++i) sample.dictionary[i] *= i / at(dim) % 3 == 0 ? 1e-3f : 40.0f;
    const KernelProblem problem(std::move(sample));
    std::vector<float> gram(places * places, NAN), diagonal(places, NAN), products(places, NAN);
    KernelRows row(1, problem.atoms.ld, 1, 1);
    row.load(device, problem);
    using Kernel = GramKernel<places, rough>;
    device.launch<Kernel>(
        1, {problem.atoms, count, gram.data(), diagonal.data(), row.z_halves.data(), products.data()});
    double worst = 0;
    for (int i = 0; i < places; ++i) {
      if (i >= count) {
        EXPECT_TRUE(std::isnan(products[at(i)])) << i;
        continue;
      }
      const Product wanted = product_of(problem.atom(2 * i + 1), row.z.data(), dim);
      worst = std::max(worst, wanted.error(static_cast<double>(products[at(i)]) / static_cast<double>(Kernel::factor(i))));
    }
    for (int i = 0; i < places; ++i) {
      for (int k = 0; k < places; ++k) {
        const float swept = gram[at(i * places + k)];
        const float found = i != k ? swept : i < count ? diagonal[at(i)] : swept + 1;
        if (i == k) {  // as the sweep needs it
          EXPECT_EQ(swept, found > 16 ? -1 : found - 1);
        }
        if (i >= count || k >= count) {
          EXPECT_EQ(found, 0) << i << ", " << k;
          continue;
        }
        const Product wanted = product_of(problem.atom(2 * i + 1), problem.atom(2 * k + 1), dim);
        const auto scale = static_cast<double>(Kernel::factor(i)) * static_cast<double>(Kernel::factor(k));
        worst = std::max(worst, wanted.error(static_cast<double>(found) / scale));
      }
    }
    return worst;
  }
};

/// Whose sums err by more than products of parts lose. Without the low parts it would be 1e-4.
TEST_F(Gram, BothPartsAreAsGoodAsFloat32) {
  for (const int count : {1, 5, 16, 17, 31, 32}) EXPECT_LE(error_of<32>(100, count), 3e-6) << count;
  for (const int count : {33, 64}) EXPECT_LE(error_of<64>(512, count), 6e-6) << count;
  for (const int count : {1, 16, 17, 64, 65, 100, 127, 128}) EXPECT_LE(error_of<128>(100, count), 3e-6) << count;
}

/// Sums in parts, where there are registers for them: in one, tensor cores would cut off 1e-6 and more.
TEST_F(Gram, SumsInPartsKeepWhatTensorCoresCutOff) {
  for (const std::int64_t dim : {384, 512, 1000}) {
    EXPECT_LE(error_of<32>(dim, 32), 7e-7) << dim;
    EXPECT_LE(error_of<128>(dim, 128), 7e-7) << dim;
    EXPECT_GE(error_of<64>(dim, 32), 1e-6) << dim;
  }
}

TEST_F(Gram, HighPartsDoForAGuess) {
  for (const int count : {7, 32}) {
    const double error = error_of<32, true>(100, count);
    EXPECT_LE(error, 2e-4) << count;
    EXPECT_GE(error, 1e-6) << "both parts, for nothing: " << count;
  }
  EXPECT_LE((error_of<64, true>(512, 50)), 2e-4);
}

}  // namespace
}  // namespace splice_cuda::testing

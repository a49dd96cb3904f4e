// Products by warps, against long double.

#include <cmath>

#include "core/half.hpp"
#include "core/screen_math.hpp"
#include "cuda/kernel_problem.hpp"
#include "kernels/warp_products.hpp"

namespace splice_cuda::testing {
namespace {

constexpr int most = 13;

template <int lane_count>
struct ProductsKernel {
  struct Args {
    cuda::AtomsView atoms;
    int count = 0;
    const float* x = nullptr;         ///< [ld]
    const double* doubled = nullptr;  ///< [ld] the same
    float* dots = nullptr;      ///< [most]
    double* doubles = nullptr;  ///< [most]
    float* gram = nullptr;      ///< [most, most]
    int* written = nullptr;     ///< [most, most] how often
  };
  struct Shared {};
  static constexpr int lanes = lane_count;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "products_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    auto dots = group.array(args.dots, most);
    auto doubles = group.array(args.doubles, most);
    auto gram = group.array(args.gram, most * most);
    const auto atom = [](int i) -> std::int64_t { return 3 * i + 1; };
    const cuda::FloatAtoms source = cuda::float_atoms(args.atoms);
    cuda::dot_atoms<float>(group, source, args.count, atom, args.x, [&](int i, float value) { dots[i] = value; });
    cuda::dot_atoms<double>(group, source, args.count, atom, args.doubled, [&](int i, double value) { doubles[i] = value; });
    cuda::gram_of_atoms(group, args.atoms, args.count, atom, [&](int i, int k, float value) {
      gram[i * most + k] = value;
      ++args.written[i * most + k];
    });
    group.sync();
  }
};

/// z less some atoms, of what they are in float32 or of their high parts.
template <int lane_count, class Source>
struct ResidualKernel {
  struct Args {
    Source source;
    float* z = nullptr;                  ///< [ld]
    int count = 0;
    std::int32_t* list = nullptr;        ///< [count]
    float* weights = nullptr;            ///< [count]
    float* residual = nullptr;           ///< [ld]
  };
  struct Shared {};
  static constexpr int lanes = lane_count;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "residual_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    cuda::subtract_listed(group, args.source, group.array(args.z, args.source.ld), args.count, group.array(args.list, args.count),
                          group.array(args.weights, args.count), group.array(args.residual, args.source.ld));
  }
};

/// In float32, of a vector in fp64.
struct ConvertedKernel {
  struct Args {
    cuda::AtomsView atoms;
    const double* x = nullptr;  ///< [ld]
    float* dots = nullptr;      ///< [most]
  };
  struct Shared {};
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "converted_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    auto dots = group.array(args.dots, most);
    const auto atom = [](int i) -> std::int64_t { return 3 * i + 1; };
    cuda::dot_atoms<float>(group, cuda::high_atoms(args.atoms), most, atom, args.x,
                           [&](int i, float value) { dots[i] = value * args.atoms.half_scales[atom(i)]; });
  }
};

class WarpProducts : public WatchedKernels {
 protected:
  template <int lanes>
  void check(std::int64_t dim) {
    const KernelProblem problem(sample_problem(3 * most + 1, dim, 1, static_cast<std::uint64_t>(dim)));
    std::vector<float> x(at(problem.atoms.ld));
    std::copy_n(problem.sample.embeddings.begin(), dim, x.begin());
    const std::vector<double> doubled(x.begin(), x.end());
    for (const int count : {0, 1, 3, 4, 5, 8, most}) {
      std::vector<float> dots(most, NAN), gram(most * most, NAN);
      std::vector<double> doubles(most, NAN);
      std::vector<int> written(most * most);
      device.launch<ProductsKernel<lanes>>(1, {problem.atoms, count, x.data(), doubled.data(), dots.data(), doubles.data(),
                                               gram.data(), written.data()});
      for (int i = 0; i < most; ++i) {
        const float* atom = problem.atom(3 * i + 1);
        expect_product(static_cast<double>(dots[at(i)]), i < count, atom, problem.sample.embeddings.data(), dim,
                       0x1p-23);
        expect_product(doubles[at(i)], i < count, atom, problem.sample.embeddings.data(), dim, 0x1p-52);
        for (int k = 0; k < most; ++k) {
          const bool wanted = i < count && k <= i;
          EXPECT_EQ(written[at(i * most + k)], wanted ? 1 : 0) << i << ", " << k;
          expect_product(static_cast<double>(gram[at(i * most + k)]), wanted, atom, problem.atom(3 * k + 1), dim,
                         0x1p-23);
        }
      }
    }
  }

  /// @param aligned  with what the first atom's high part lacks
  /// @returns the largest error, of its bound
  double check_error(std::int64_t dim, bool aligned) {
    const KernelProblem problem(sample_problem(3 * most + 1, dim, 1, 77));
    std::vector<double> x(at(problem.atoms.ld));
    for (std::int64_t k = 0; k < dim; ++k) {
      x[at(k)] = (k % 2 == 0 ? 1.0 : -1.0) / 3.0 + 1e-9 * static_cast<double>(k);
      if (aligned) x[at(k)] = static_cast<double>(to_float(problem.halves[at(3 * problem.atoms.ld + k)]));
    }
    std::vector<float> dots(most, NAN);
    device.launch<ConvertedKernel>(1, {problem.atoms, x.data(), dots.data()});
    double x_norm = 0;
    for (const double value : x) x_norm += value * value;
    double worst = 0;
    for (int i = 0; i < most; ++i) {
      const float* atom = problem.atom(3 * i + 1);
      long double sum = 0;
      double norm = 0;
      for (std::int64_t k = 0; k < dim; ++k) {
        sum += static_cast<long double>(atom[k]) * x[at(k)];
        norm += static_cast<double>(atom[k]) * static_cast<double>(atom[k]);
      }
      const double bound = math::high_product_error(problem.atoms.ld) * std::sqrt(norm * x_norm);
      const double error = std::abs(static_cast<double>(dots[at(i)]) - static_cast<double>(sum));
      EXPECT_LE(error, bound) << dim << ", " << i;
      worst = std::max(worst, error / bound);
    }
    return worst;
  }

 private:
  static void expect_product(double found, bool wanted, const float* a, const float* b, std::int64_t dim, double unit) {
    if (!wanted) {
      EXPECT_TRUE(std::isnan(found));
      return;
    }
    long double sum = 0;
    long double size = 0;
    for (std::int64_t k = 0; k < dim; ++k) {
      sum += static_cast<long double>(a[k]) * b[k];
      size += std::abs(static_cast<long double>(a[k]) * b[k]);
    }
    EXPECT_LE(std::abs(found - sum), size * (static_cast<double>(dim) / 32 + 6) * unit);
  }
};

/// math::high_product_error covers what certificates take from products of high parts: where terms cancel, and where what high
/// parts lack adds up.
TEST_F(WarpProducts, ErrWithinTheirBound) {
  for (const std::int64_t dim : {1, 37, 64, 512, 1000}) check_error(dim, false);
  EXPECT_GT(check_error(512, true), 0.2);  // of the bound, which is not far off
}

TEST_F(WarpProducts, OfAWarp) {
  for (const std::int64_t dim : {1, 31, 37, 65}) check<32>(dim);
}
TEST_F(WarpProducts, OfBlocks) {
  for (const std::int64_t dim : {1, 37, 65}) {
    check<128>(dim);
    check<256>(dim);
  }
}
/// Of a few atoms that do not follow each other, against long double.
template <int lanes, class Source>
void check_residual(emulation::EmulatedDevice& device, const KernelProblem& problem, const Source& source, long double unit) {
  const std::int64_t dim = problem.atoms.dim;
  std::vector<float> z(at(source.ld));
  std::copy_n(problem.sample.embeddings.begin(), dim, z.begin());
  for (const int count : {0, 1, 4, 5, 9}) {
    std::vector<std::int32_t> list(at(count));
    std::vector<float> weights(at(count));
    std::vector<float> scaled(at(count));
    for (int i = 0; i < count; ++i) {
      list[at(i)] = 3 * i + 1;
      weights[at(i)] = 0.3f - 0.1f * static_cast<float>(i);
      scaled[at(i)] = weights[at(i)] * (std::is_same_v<Source, cuda::HighAtoms> ? problem.half_scales[at(list[at(i)])] : 1.0f);
    }
    std::vector<float> residual(z.size(), NAN);
    device.launch<ResidualKernel<lanes, Source>>(1, {source, z.data(), count, list.data(), scaled.data(), residual.data()});
    for (std::int64_t k = 0; k < source.ld; ++k) {
      long double sum = z[at(k)];
      long double size = 0;
      for (int i = 0; k < dim && i < count; ++i) {
        const long double term = static_cast<long double>(weights[at(i)]) * problem.atom(list[at(i)])[k];
        sum -= term;
        size += std::abs(term);
      }
      ASSERT_LE(std::abs(residual[at(k)] - sum), unit * size + 0x1p-22L * std::abs(static_cast<long double>(z[at(k)])))
          << dim << ", " << count << ", " << k;
    }
  }
}

TEST_F(WarpProducts, ResidualsOfAtomsAndOfTheirHighParts) {
  for (const std::int64_t dim : {1, 37, 65, 300, 700}) {
    const KernelProblem problem(sample_problem(3 * most + 1, dim, 1, static_cast<std::uint64_t>(dim)));
    const cuda::FloatAtoms floats = cuda::float_atoms(problem.atoms);
    check_residual<32>(device, problem, floats, 0x1p-20L);
    check_residual<128>(device, problem, floats, 0x1p-20L);
    const cuda::HighAtoms high = cuda::high_atoms(problem.atoms);
    check_residual<32>(device, problem, high, 0x1p-10L);
    check_residual<128>(device, problem, high, 0x1p-10L);
  }
}

}  // namespace
}  // namespace splice_cuda::testing

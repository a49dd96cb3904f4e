// What int8 copies leave of atoms, in 4 bits, and its products, against long double.

#include <cmath>

#include "core/lasso_math.hpp"
#include "cuda/kernel_problem.hpp"
#include "kernels/remainder_products.hpp"
#include "kernels/remainders.hpp"
#include "support/bell_stream.hpp"

namespace splice_cuda::testing {
namespace {

using Remainders = WatchedKernels;

/// Of an atom's number k.
int stored(const KernelProblem& problem, std::int64_t j, std::int64_t k) {
  const std::uint32_t word = problem.remainders[at((j * problem.atoms.ld + k) / 8)];
  return static_cast<int>(word >> (k % 8 < 4 ? 8 * (k % 8) : 8 * (k % 8 - 4) + 4) & 0xFu) - 8;
}

TEST_F(Remainders, WhatIsSaidOfThemIsTrue) {
  for (const std::int64_t dim : {1, 17, 64, 65, 384}) {
    const KernelProblem problem(sample_problem(40, dim, 1, 1), options(0.3f, true));
    for (std::int64_t j = 0; j < 40; ++j) {
      long double copy_error = 0;
      long double error = 0;
      int largest = 0;
      for (std::int64_t k = 0; k < problem.atoms.ld; ++k) {
        const int n = stored(problem, j, k);
        ASSERT_TRUE(k < dim || n == 0);
        largest = std::max(largest, std::abs(n));
        const long double left = problem.atom(j)[k] - static_cast<long double>(problem.dictionary->scale[at(j)]) *
                                                          problem.atoms.rows8[j * problem.atoms.ld + k];
        const long double rest = left - static_cast<long double>(problem.remainder_scales[at(j)]) * n;
        copy_error += left * left;
        error += rest * rest;
      }
      EXPECT_LE(largest, 7);
      EXPECT_GE(static_cast<long double>(problem.remainder_errors[at(j)]), std::sqrt(error) * (1 - 1e-12L));
      EXPECT_LE(static_cast<long double>(problem.remainder_errors[at(j)]), std::sqrt(error) * 1.000001L + 1e-44L);
      EXPECT_TRUE(dim < 64 || std::sqrt(error) < std::sqrt(copy_error) / 10) << "fourteen steps in place of one";
    }
  }
}

TEST_F(Remainders, AtomsThatAreTheirCopiesLeaveNothing) {
  SampleProblem sample = sample_problem(3, 20, 1, 1);
  std::fill_n(sample.dictionary.begin(), 20, 0.0f);
  for (std::size_t k = 20; k < 40; ++k) sample.dictionary[k] = k % 2 == 0 ? 0.25f : -0.25f;
  const KernelProblem problem(std::move(sample), options(0.3f, true));
  for (const std::int64_t j : {0, 1}) {
    EXPECT_LT(problem.remainder_scales[at(j)], 1e-8f);
    EXPECT_LT(problem.remainder_errors[at(j)], 1e-8f);
  }
}

template <int lane_count>
struct MultiplyKernel {
  struct Args {
    cuda::AtomsView atoms;
    int count = 0;
    std::int32_t* list = nullptr;
    const std::int8_t* q = nullptr;
    std::int32_t* sums = nullptr;
  };
  struct Shared {};
  static constexpr int lanes = lane_count;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "multiply_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared&) {
    cuda::multiply_remainders(group, args.atoms.remainders, args.atoms.ld, args.count, group.array(args.list, args.count), args.q,
                              group.array(args.sums, args.count));
  }
};

/// A row of int8 numbers, with the extremes among them.
std::vector<std::int8_t> int8_row(std::int64_t dim, std::int64_t ld) {
  std::vector<std::int8_t> numbers(at(ld));
  BellStream stream(static_cast<std::uint64_t>(dim));
  for (std::int64_t k = 0; k < dim; ++k) numbers[at(k)] = static_cast<std::int8_t>(static_cast<int>(stream.below(255)) - 127);
  numbers[0] = -127;
  return numbers;
}

template <int lanes>
void check_products(emulation::EmulatedDevice& device) {
  for (const std::int64_t dim : {1, 17, 64, 384, 520}) {
    const KernelProblem problem(sample_problem(45, dim, 1, 2), {.l1_penalty = 0.3f});
    const std::vector<std::int8_t> q = int8_row(dim, problem.atoms.ld);
    for (const int count : {0, 1, 7, 8, 9, 33}) {
      std::vector<std::int32_t> list(at(count));
      for (int i = 0; i < count; ++i) list[at(i)] = (7 * i + 3) % 45;
      std::vector<std::int32_t> sums(at(count), 12345);
      device.launch<MultiplyKernel<lanes>>(1, {problem.atoms, count, list.data(), q.data(), sums.data()});
      for (int i = 0; i < count; ++i) {
        std::int32_t sum = 0;
        for (std::int64_t k = 0; k < problem.atoms.ld; ++k) sum += stored(problem, list[at(i)], k) * q[at(k)];
        ASSERT_EQ(sums[at(i)], sum) << dim << " " << count << " " << i;
      }
    }
  }
}

TEST_F(Remainders, ProductsAreExact) {
  check_products<32>(device);
  check_products<128>(device);
}

/// The bound of a refined value holds, and is a tenth as wide as that of the value, where the residual has not moved.
TEST_F(Remainders, RefinedValuesAreWithinTheirErrors) {
  for (const std::int64_t dim : {17, 384}) {
    const KernelProblem problem(sample_problem(45, dim, 1, 3), options(0.3f, true));
    const std::vector<std::int8_t> q = int8_row(dim, problem.atoms.ld);
    const float scale = 0.0137f;
    long double norm = 0;
    for (const std::int8_t number : q) norm += static_cast<long double>(scale) * number * scale * number;
    norm = std::sqrt(norm);
    for (std::int64_t j = 0; j < 45; ++j) {
      std::int32_t sum8 = 0;
      std::int32_t sum4 = 0;
      long double product = 0;
      for (std::int64_t k = 0; k < problem.atoms.ld; ++k) {
        sum8 += problem.atoms.rows8[j * problem.atoms.ld + k] * q[at(k)];
        sum4 += stored(problem, j, k) * q[at(k)];
        product += static_cast<long double>(problem.atom(j)[k]) * scale * q[at(k)];
      }
      const long double correlation = product * static_cast<long double>(problem.view.inverse[j]);
      const float value = static_cast<float>(sum8) * problem.view.screen_weights[j] * scale;
      const float refined = cuda::refined_value({static_cast<std::int32_t>(j), value, sum4, problem.view.remainder[j]}, scale);
      EXPECT_LE(std::abs(correlation - refined), static_cast<long double>(problem.view.remainder[j].error) * norm) << j;
      EXPECT_LT(problem.view.remainder[j].error, problem.view.screen_error[j] / (dim > 100 ? 10 : 5));
    }
  }
}

}  // namespace
}  // namespace splice_cuda::testing

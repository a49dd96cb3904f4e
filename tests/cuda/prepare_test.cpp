// Stage `prepare` against the CPU's, bit by bit.

#include <cmath>

#include "core/half.hpp"
#include "core/typed_rows.hpp"
#include "cpu/load_row.hpp"
#include "cuda/kernel_problem.hpp"
#include "support/bell_stream.hpp"
#include "support/half_atoms.hpp"
#include "support/special_numbers.hpp"

namespace splice_cuda::testing {
namespace {

class Prepare : public WatchedKernels {
 protected:
  /// Rows of every size that float32 has, and irregular ones.
  static std::vector<float> make_rows(std::int64_t dim) {
    BellStream stream(3);
    std::vector<float> values;
    for (const double size : {1.0, 1e-3, 3e4, 1e-30, 1e30, 1e-44, 3e37, 1.0, 1.0, 1.0, 1.0, 0.0}) {
      for (std::int64_t k = 0; k < dim; ++k) values.push_back(static_cast<float>(stream.next() * size));
    }
    const auto put = [&](std::int64_t row, float value) { values[at(row * dim + dim - 1)] = value; };
    put(7, nan);
    put(8, inf);
    put(9, -inf);
    return values;
  }
  static constexpr std::int64_t rows = 12;

  template <class T>
  void check(std::int64_t dim) {
    const std::int64_t ld_input = dim + 3;
    std::vector<T> input(at(rows * ld_input), rounded_to<T>(nan));  // what lies between rows is never read
    const std::vector<float> values = make_rows(dim);
    for (std::int64_t i = 0; i < rows * dim; ++i)
      input[at(i / dim * ld_input + i % dim)] = rounded_to<T>(values[at(i)]);
    const MatrixView<const T> view{input.data(), rows, dim, ld_input};
    const std::int64_t ld = (dim + 63) / 64 * 64;
    KernelRows got(rows, ld, 4, 1);
    cuda::PrepareKernel::Args args;
    args.input = input.data();
    args.dtype = EmbeddingsView(view).dtype;
    args.ld_input = ld_input;
    args.dim = dim;
    args.ld = ld;
    args.penalty = 0.25;
    args.largest_lambda = 1e12;
    args.rows = got.view;
    device.launch<cuda::PrepareKernel>(rows, args);
    std::vector<float> z(at(ld));
    for (std::int64_t i = 0; i < rows; ++i) {
      const cpu::LoadedRow wanted = cpu::load_row(view, i, z.data(), ld);
      EXPECT_EQ(std::vector<float>(got.z.begin() + i * ld, got.z.begin() + (i + 1) * ld), z) << "row " << i;
      for (std::int64_t k = 0; k < ld; ++k) {
        const auto part = [&](std::int64_t p) { return static_cast<double>(to_float(got.z_halves[at((2 * i + p) * ld + k)])); };
        ASSERT_NEAR((part(0) + part(1)) / 512, static_cast<double>(z[at(k)]), 0x1p-22 * std::abs(static_cast<double>(z[at(k)])) + 0x1p-34);
      }
      EXPECT_EQ(got.exponent[at(i)], wanted.exponent) << "row " << i;
      EXPECT_EQ(got.lambda[at(i)], std::ldexp(0.125, wanted.exponent)) << "row " << i;
      EXPECT_EQ(got.rounds[at(i)] + got.iterations[at(i)] + got.misses[at(i)] + got.code_count[at(i)],
                0);
      const bool regular = wanted.kind == cpu::RowKind::regular;
      const bool within = got.lambda[at(i)] > 0 && got.lambda[at(i)] < 1e12;
      EXPECT_EQ(got.phase[at(i)], !regular ? cuda::RowPhase::finished
                                  : within ? cuda::RowPhase::first_pass
                                           : cuda::RowPhase::exact)
          << "row " << i;
      EXPECT_EQ(got.status[at(i)],
                static_cast<std::int32_t>(regular                             ? RowStatus::budget_exhausted
                                          : wanted.kind == cpu::RowKind::zero ? RowStatus::zero_embedding
                                                                              : RowStatus::non_finite_input))
          << "row " << i;
      if (regular) {
        EXPECT_GE(wanted.z_dot_z, 1.0 - 1e-6);
        EXPECT_LT(wanted.z_dot_z, 4.0 + 1e-6);
      } else {
        EXPECT_EQ(got.gap[at(i)] == 0, wanted.kind == cpu::RowKind::zero);
        EXPECT_EQ(std::isnan(got.gap[at(i)]), wanted.kind == cpu::RowKind::non_finite);
      }
    }
    // Not everything above was one case.
    EXPECT_EQ(got.phase[0], cuda::RowPhase::first_pass);
    EXPECT_EQ(got.phase[11], cuda::RowPhase::finished);
  }
};

TEST_F(Prepare, Float32) {
  for (const std::int64_t dim : {1, 37, 64, 65}) check<float>(dim);
}
TEST_F(Prepare, Float16) {
  for (const std::int64_t dim : {1, 37, 65}) check<Float16>(dim);
}
TEST_F(Prepare, BFloat16) {
  for (const std::int64_t dim : {1, 37, 65}) check<BFloat16>(dim);
}

TEST_F(Prepare, WhatARowWaitsFor) {
  const std::vector<float> input = {1, 1, 1, 1, 0, nan};
  const std::vector<float> penalties = {0.5f, 1e-3f, 2e3f, 0.5f, 0.5f, 0.5f};
  KernelRows loaded(6, 64, 4, 1);
  loaded.code_count = {2, 2, 2, 0, 2, 2};
  cuda::PrepareKernel::Args args;
  args.input = input.data();
  args.ld_input = args.dim = 1;
  args.ld = 64;
  args.penalties = penalties.data();
  args.smallest_lambda = 1e-2;
  args.largest_lambda = 1e2;
  args.warm = true;
  args.rows = loaded.view;
  device.launch<cuda::PrepareKernel>(6, args);
  using enum cuda::RowPhase;
  EXPECT_EQ(loaded.phase, (std::vector<cuda::RowPhase>{warm, exact, exact, first_pass, finished, finished}));
  EXPECT_EQ(loaded.code_count, (std::vector<std::int32_t>{2, 2, 2, 0, 0, 0}));
  EXPECT_EQ(loaded.lambda[1], 0.5 * static_cast<double>(1e-3f));
}

}  // namespace
}  // namespace splice_cuda::testing

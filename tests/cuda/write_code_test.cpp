// Codes from working sets, and on to the caller: order, rounding, room.

#include <cmath>

#include "cuda/kernel_problem.hpp"
#include "kernels/pack_codes.hpp"
#include "kernels/unpack_codes.hpp"
#include "kernels/write_code.hpp"
#include "kernels/write_reports.hpp"
#include "support/bell_stream.hpp"

namespace splice_cuda::testing {
namespace {

struct WriteKernel {
  struct Args {
    cuda::RowsView rows;
    int size = 0;
    const std::int32_t* atoms = nullptr;
    const double* weights = nullptr;
    std::int32_t* kept = nullptr;  ///< [size] scratch
  };
  struct Shared {};
  static constexpr int lanes = 128;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "write_kernel";
  template <class Group>
  static void run(Group& group, std::int64_t row, const Args& args, Shared&) {
    cuda::write_code(
        group, args.rows, row, args.size, [&](int k) -> std::int32_t { return args.atoms[k]; },
        [&](int k) -> double { return args.weights[k]; }, group.array(args.kept, args.size));
  }
};

class WriteCode : public WatchedKernels {
 protected:
  void write(KernelRows& rows, const std::vector<std::int32_t>& atoms, const std::vector<double>& weights) {
    std::vector<std::int32_t> kept(atoms.size());
    device.launch<WriteKernel>(1, {rows.view, static_cast<int>(atoms.size()), atoms.data(), weights.data(), kept.data()});
  }
};

TEST_F(WriteCode, AtomsAscendAndZerosAreLeftOut) {
  KernelRows rows(1, 64, 8, 1);
  rows.exponent[0] = 0;
  write(rows, {9, 4, 70, 2, 5}, {0.5, 0.0, -0.25, 0.75, 1e-60});
  EXPECT_EQ(rows.code_count[0], 3);
  EXPECT_EQ(rows.code_atoms, (std::vector<std::int32_t>{2, 9, 70, -77, -77, -77, -77, -77}));
  EXPECT_EQ(std::vector<float>(rows.code_weights.begin(), rows.code_weights.begin() + 3),
            (std::vector<float>{0.75f, 0.5f, -0.25f}));
}

TEST_F(WriteCode, ManyAtomsInAnyOrder) {
  KernelRows rows(1, 64, 300, 1);
  rows.exponent[0] = 1;
  std::vector<std::int32_t> atoms;
  std::vector<double> weights;
  for (int k = 0; k < 300; ++k) {
    atoms.push_back(k * 7 % 300);  // 7 and 300 have no common divisor
    weights.push_back(k * 7 % 300 + 1);
  }
  write(rows, atoms, weights);
  EXPECT_EQ(rows.code_count[0], 300);
  for (int k = 0; k < 300; ++k) {
    ASSERT_EQ(rows.code_atoms[at(k)], k);
    ASSERT_EQ(rows.code_weights[at(k)], static_cast<float>(k + 1));
  }
}

TEST_F(WriteCode, WeightsAreFloatsInTheRowsOwnUnits) {
  for (const int exponent : {0, 20, -20, 130, 140, 148, -126, -128, -140}) {
    KernelRows rows(1, 64, 64, 1);
    rows.exponent[0] = exponent;
    BellStream stream(1);
    std::vector<std::int32_t> atoms(64);
    std::vector<double> weights(64);
    std::iota(atoms.begin(), atoms.end(), 0);
    for (double& weight : weights)
      weight =
          static_cast<double>(static_cast<float>(std::ldexp(stream.next(), static_cast<int>(stream.below(12)) - 6)));
    write(rows, atoms, weights);
    std::int32_t place = 0;
    for (std::size_t k = 0; k < 64; ++k) {
      const auto own = static_cast<float>(std::ldexp(weights[k], -exponent));
      if (own == 0 || !std::isfinite(own)) continue;
      ASSERT_EQ(rows.code_atoms[at(place)], static_cast<std::int32_t>(k)) << exponent;
      ASSERT_EQ(static_cast<double>(rows.code_weights[at(place)]), std::ldexp(static_cast<double>(own), exponent));
      ++place;
    }
    ASSERT_EQ(rows.code_count[0], place);
    // What the caller gets is just that.
    const std::vector<std::int64_t> offsets = {0, place};
    std::vector<std::int32_t> packed_atoms(at(place));
    std::vector<float> packed(at(place));
    device.launch<cuda::PackCodesKernel>(1, {rows.view, offsets.data(), packed_atoms.data(), packed.data()});
    for (std::int32_t i = 0; i < place; ++i) {
      ASSERT_EQ(packed_atoms[at(i)], rows.code_atoms[at(i)]);
      ASSERT_EQ(packed[at(i)], static_cast<float>(std::ldexp(weights[at(packed_atoms[at(i)])], -exponent)));
    }
  }
}

TEST_F(WriteCode, WhatHasNoRoomIsLeftOut) {
  KernelRows rows(1, 64, 2, 1);
  rows.exponent[0] = 0;
  write(rows, {9, 4, 70, 2}, {1, 2, 3, 4});
  EXPECT_EQ(rows.code_count[0], 2);
  EXPECT_EQ(rows.code_atoms, (std::vector<std::int32_t>{2, 4}));
  EXPECT_EQ(rows.code_weights, (std::vector<float>{4, 2}));
}

TEST_F(WriteCode, NoAtoms) {
  KernelRows rows(1, 64, 2, 1);
  rows.exponent[0] = 3;
  write(rows, {}, {});
  EXPECT_EQ(rows.code_count[0], 0);
}

TEST_F(WriteCode, RowsArePackedOneAfterTheOther) {
  KernelRows rows(40, 64, 4, 1);
  std::vector<std::int64_t> offsets = {0};
  for (std::int32_t i = 0; i < 40; ++i) {
    rows.exponent[at(i)] = i % 3;
    rows.set_code(i, std::vector<std::int32_t>(at(i % 5 % 4), i), std::vector<float>(at(i % 5 % 4), 1.0f));
    offsets.push_back(offsets.back() + i % 5 % 4);
  }
  std::vector<std::int32_t> atoms(at(offsets.back()), -1);
  std::vector<float> values(atoms.size());
  device.launch<cuda::PackCodesKernel>(40, {rows.view, offsets.data(), atoms.data(), values.data()});
  for (std::int32_t i = 0; i < 40; ++i) {
    for (std::int64_t k = offsets[at(i)]; k < offsets[at(i + 1)]; ++k) {
      EXPECT_EQ(atoms[at(k)], i);
      EXPECT_EQ(values[at(k)], std::ldexp(1.0f, -(i % 3)));
    }
  }
}

TEST_F(WriteCode, GivenCodesAreTheRowsOwn) {
  KernelRows rows(40, 64, 4, 1);
  std::vector<std::int64_t> offsets = {0};
  for (std::int64_t i = 3; i < 40; ++i) offsets.push_back(offsets.back() + i % 7);
  std::vector<std::int32_t> atoms;
  std::vector<float> weights;
  for (std::int32_t k = 0; k < offsets.back(); ++k) {
    atoms.push_back(k);
    weights.push_back(0.5f * static_cast<float>(k));
  }
  const std::vector<std::int32_t> untouched(rows.code_atoms.begin(), rows.code_atoms.begin() + 12);
  device.launch<cuda::UnpackCodesKernel>(37, {rows.view, 3, offsets.data(), atoms.data(), weights.data()});
  EXPECT_TRUE(std::equal(untouched.begin(), untouched.end(), rows.code_atoms.begin())) << "rows before the first one";
  for (std::int64_t i = 3; i < 40; ++i) {
    ASSERT_EQ(rows.code_count[at(i)], std::min<std::int64_t>(i % 7, 4)) << "what has no room is left out";
    for (std::int64_t k = 0; k < rows.code_count[at(i)]; ++k) {
      const auto given = static_cast<std::int32_t>(offsets[at(i - 3)] + k);
      EXPECT_EQ(rows.code_atoms[at(i * 4 + k)], given);
      EXPECT_EQ(rows.code_weights[at(i * 4 + k)], 0.5f * static_cast<float>(given));
    }
  }
}

TEST_F(WriteCode, ReportsOfEveryRow) {
  KernelRows rows(37, 64, 1, 1);
  std::vector<float> penalties;
  for (std::size_t i = 0; i < 37; ++i) {
    const auto value = static_cast<double>(i);
    rows.primal[i] = value + 0.5;
    rows.dual[i] = value + 0.25;
    rows.gap[i] = value + 0.125;
    rows.kkt_violation[i] = -value;
    rows.rounds[i] = static_cast<std::int32_t>(2 * i);
    rows.iterations[i] = static_cast<std::int32_t>(3 * i);
    rows.status[i] = static_cast<std::int32_t>(RowStatus::budget_exhausted);
    penalties.push_back(static_cast<float>(value) + 1);
  }
  std::vector<RowReport> reports(37);
  device.launch<cuda::WriteReportsKernel>(2, {rows.view, 0.25, nullptr, reports.data()});
  EXPECT_EQ(reports[36].l1_penalty, 0.25);
  device.launch<cuda::WriteReportsKernel>(2, {rows.view, 0.25, penalties.data(), reports.data()});
  for (std::size_t i = 0; i < 37; ++i) {
    const auto value = static_cast<double>(i);
    EXPECT_EQ(reports[i].primal, value + 0.5);
    EXPECT_EQ(reports[i].dual, value + 0.25);
    EXPECT_EQ(reports[i].gap, value + 0.125);
    EXPECT_EQ(reports[i].kkt_violation, -value);
    EXPECT_EQ(reports[i].rounds, static_cast<std::int32_t>(2 * i));
    EXPECT_EQ(reports[i].iterations, static_cast<std::int32_t>(3 * i));
    EXPECT_EQ(reports[i].status, RowStatus::budget_exhausted);
    EXPECT_EQ(reports[i].l1_penalty, value + 1);
  }
}

}  // namespace
}  // namespace splice_cuda::testing

// What only the dense solvers, certificates of given codes and recomposition do on a device.

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "backend/backend.hpp"
#include "core/problem.hpp"
#include "cpu/cpu_problem.hpp"
#include "cuda/emulation/emulated_devices.hpp"
#include "cuda/emulation/kept_settings.hpp"
#include "splice_cuda/splice_cuda.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const ArgumentError& error) {
    return error.what();
  }
  return "no error";
}

class DenseOnDevice : public ::testing::TestWithParam<SolverKind> {
 protected:
  DecomposeOptions options(float l1_penalty) const {
    DecomposeOptions options{.l1_penalty = l1_penalty};
    options.solve.solver = GetParam();
    return options;
  }
  Context context{Device::cuda(0)};
  std::shared_ptr<emulation::EmulatedDevice> device = emulation::emulated_device(0);
};

/// All kernels of a call, watched in both orders of lanes.
TEST_P(DenseOnDevice, NoFaultsWhenWatched) {
  const SampleProblem sample = sample_problem(83, 29, 5, 8);
  const SampleProblem other = sample_problem(83, 29, 5, 9);
  const DecomposeResult start = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options(0.2f));
  for (const emulation::LaneOrder order : {emulation::LaneOrder::ascending, emulation::LaneOrder::descending}) {
    for (const bool nonnegative : {true, false}) {
      const emulation::Watched watched(order);
      const Dictionary dictionary(context, sample.atom_view());
      DecomposeOptions wanted = options(0.1f);
      wanted.nonnegative = nonnegative;
      wanted.warm_start = &start.codes;
      wanted.refit = true;
      const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
      EXPECT_GT(result.codes.nnz(), 0);
      certify(context, dictionary, sample.view(), result.codes, wanted);
      std::vector<float> back(sample.embeddings.size());
      recompose(context, dictionary, result.codes, {back.data(), sample.rows, sample.dim});
      EXPECT_EQ(emulation::faults().total(), 0) << emulation::faults().first;
    }
  }
  for (const char* kernel : {"start_dense_kernel", "list_active_kernel", "write_dense_code_kernel", "relax_kernel",
                             "code_residual_kernel", "test_gap_kernel", "certify_exactly_kernel", "certify_codes_kernel"}) {
    EXPECT_GT(device->counters().launches_of.at(kernel), 0) << kernel;
  }
}

/// The order of lanes shows in no bit.
TEST_P(DenseOnDevice, LaneOrderDoesNotShow) {
  const SampleProblem sample = sample_problem(150, 31, 6, 18);
  const Dictionary dictionary(context, sample.atom_view());
  const DecomposeResult ascending = decompose(context, dictionary, sample.view(), options(0.1f));
  const emulation::KeptSettings settings;
  emulation::settings().order = emulation::LaneOrder::descending;
  const DecomposeResult descending = decompose(context, dictionary, sample.view(), options(0.1f));
  EXPECT_EQ(difference(ascending, descending), "");
}

/// Between two tests of the gap nothing waits for the device.
TEST_P(DenseOnDevice, WaitsOnceATest) {
  const SampleProblem sample = sample_problem(300, 40, 12, 19);
  const Dictionary dictionary(context, sample.atom_view());
  decompose(context, dictionary, sample.view(), options(0.3f));
  const auto waits = [&](std::int32_t iterations) {
    DecomposeOptions wanted = options(0.02f);
    wanted.solve.gap_tolerance = 1e-30;  // never reached
    wanted.solve.max_iterations = iterations;
    const std::int64_t before = device->counters().synchronizations;
    for (const RowReport& report : decompose(context, dictionary, sample.view(), wanted).reports) {
      EXPECT_EQ(report.iterations, iterations);
      EXPECT_EQ(report.rounds, (iterations + 9) / 10);
    }
    return device->counters().synchronizations - before;
  };
  EXPECT_EQ(waits(200) - waits(100), 10);
  EXPECT_EQ(waits(101) - waits(99), 1);
}

/// More rows than a product by the library has.
TEST_P(DenseOnDevice, TilesOfManyProducts) {
  const SampleProblem sample = sample_problem(40, 16, 1100, 20);
  const Dictionary dictionary(context, sample.atom_view());
  const DecomposeResult whole = decompose(context, dictionary, sample.view(), options(0.3f));
  for (const RowReport& report : whole.reports) EXPECT_EQ(report.status, RowStatus::certified);
  for (const std::int64_t row : {0, 511, 512, 1023, 1024, 1099}) {
    const DecomposeResult alone = decompose(context, dictionary, sample.view().slice(row, 1), options(0.3f));
    EXPECT_EQ(row_difference(whole, row, alone, 0), "");
  }
}

/// Rows that have more non-zeros than dimensions when their budget ends keep them all.
TEST_P(DenseOnDevice, UnfinishedCodesOfMoreAtomsThanDimensions) {
  const SampleProblem sample = sample_problem(400, 8, 6, 21);
  const Dictionary dictionary(context, sample.atom_view());
  DecomposeOptions wanted = options(1e-4f);
  wanted.solve.max_iterations = 3;
  wanted.solve.gap_tolerance = 1e-12;
  wanted.nonnegative = false;
  const DecomposeResult result = decompose(context, dictionary, sample.view(), wanted);
  ASSERT_EQ(malformed(result.codes), "");
  std::int64_t most = 0;
  for (std::int64_t i = 0; i < sample.rows; ++i) most = std::max(most, result.codes.l0(i));
  EXPECT_GT(most, 300) << "nothing was tested";
  const std::vector<RowReport> exact = certify(context, dictionary, sample.view(), result.codes, wanted);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    EXPECT_NEAR(result.reports[i].primal, exact[i].primal, 1e-12);
    EXPECT_NEAR(result.reports[i].gap, exact[i].gap, 1e-12);
  }
}

/// The plan's figures hold: of one row and of many, refits and warm starts included.
TEST_P(DenseOnDevice, MemoryIsWhatTheTileCosts) {
  const SampleProblem sample = sample_problem(500, 20, 600, 22);
  const Dictionary dictionary(context, sample.atom_view());
  for (const std::int64_t rows : {1, 7, 600}) {
    for (const bool refit : {false, true}) {
      DecomposeOptions wanted = options(0.8f);
      wanted.refit = refit;
      wanted.solve.max_iterations = 20;
      const std::size_t before = device->counters().bytes;
      device->reset_peak();
      const EmbeddingsView view = sample.view().slice(0, rows);
      decompose(context, dictionary, view, wanted);
      const std::size_t used = device->counters().peak_bytes - before;
      const Problem problem = resolve_problem(context, dictionary, view, wanted);
      const TileCost cost = context.backend().tile_cost(problem);
      const std::size_t planned = cost.bytes(rows);
      EXPECT_LE(used, planned) << rows << " rows, refit " << refit;
      if (rows == 600) {
        EXPECT_GT(used, planned / 2) << "a figure that is far too careful";
      }
    }
  }
}

TEST_P(DenseOnDevice, AWarmStartSavesIterations) {
  const SampleProblem sample = sample_problem(300, 40, 12, 23);
  const Dictionary dictionary(context, sample.atom_view());
  const auto iterations = [](const DecomposeResult& result) {
    std::int64_t sum = 0;
    for (const RowReport& report : result.reports) sum += report.iterations;
    return sum;
  };
  const DecomposeResult cold = decompose(context, dictionary, sample.view(), options(0.1f));
  DecomposeOptions wanted = options(0.1f);
  wanted.warm_start = &cold.codes;
  EXPECT_LT(iterations(decompose(context, dictionary, sample.view(), wanted)), 3 * iterations(cold) / 4);
}

/// Not many more iterations than the CPU's same algorithm takes, which relaxes every code.
TEST_P(DenseOnDevice, IteratesAsTheCpuDoes) {
  const SampleProblem sample = sample_problem(300, 40, 12, 24);
  const Context cpu;
  const DecomposeResult here = decompose(context, Dictionary(context, sample.atom_view()), sample.view(), options(0.15f));
  const DecomposeResult there = decompose(cpu, Dictionary(cpu, sample.atom_view()), sample.view(), options(0.15f));
  std::int64_t more = 0;
  std::int64_t all = 0;
  for (std::size_t i = 0; i < here.reports.size(); ++i) {
    more += here.reports[i].iterations - there.reports[i].iterations;
    all += there.reports[i].iterations;
    EXPECT_NEAR(here.reports[i].primal, there.reports[i].primal, here.reports[i].gap + there.reports[i].gap);
  }
  EXPECT_LE(more, all / 2);
}

INSTANTIATE_TEST_SUITE_P(, DenseOnDevice, ::testing::Values(SolverKind::fista, SolverKind::admm), parameter_name);

/// Atoms in pairs s + b, s - b, where s lies along the start of the power iteration: it finds an eigenvalue that is not the
/// largest, and steps are halved until they are short enough.
TEST(FistaOnDevice, ConvergesWhereThePowerIterationIsMisled) {
  constexpr std::int64_t dim = 24;
  std::vector<double> start;
  double norm = 0;
  for (std::int64_t k = 0; k < dim; ++k) {
    start.push_back(1.0 + 0.1 * static_cast<double>(k % 7));
    norm += start.back() * start.back();
  }
  const std::vector<float> random = gaussian(60 * dim, 9);
  std::vector<float> atoms;
  for (std::size_t i = 0; i < 60; ++i) {
    std::vector<double> b(random.begin() + static_cast<std::ptrdiff_t>(i * dim),
                          random.begin() + static_cast<std::ptrdiff_t>((i + 1) * dim));
    double along = 0;
    double length = 0;
    for (std::size_t k = 0; k < b.size(); ++k) along += b[k] * start[k] / norm;
    for (std::size_t k = 0; k < b.size(); ++k) {
      b[k] -= along * start[k];
      length += b[k] * b[k];
    }
    for (const double sign : {1.0, -1.0}) {
      for (std::size_t k = 0; k < b.size(); ++k) {
        atoms.push_back(static_cast<float>(0.15 * start[k] / std::sqrt(norm) + sign * b[k] / std::sqrt(length)));
      }
    }
  }
  const std::vector<float> rows = gaussian(6 * dim, 10);
  const Context context(Device::cuda(0));
  DecomposeOptions options{.l1_penalty = 0.3f};
  options.solve.solver = SolverKind::fista;
  options.solve.max_iterations = 3000;
  const DecomposeResult result = decompose(context, Dictionary(context, MatrixView<const float>{atoms.data(), 120, dim}),
                                           MatrixView<const float>{rows.data(), 6, dim}, options);
  for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified) << report.gap;
}

TEST(OnDevice, RefusesWhatOnlyTheCpuHas) {
  const Context context(Device::cuda(0));
  const SampleProblem sample = sample_problem(30, 8, 3, 25);
  const Dictionary dictionary(context, sample.atom_view());
  for (const std::int64_t rows : {3, 0}) {
    const auto call = [&](const DecomposeOptions& options) {
      return refusal([&] { decompose(context, dictionary, sample.view().slice(0, rows), options); });
    };
    DecomposeOptions options;
    options.solve.solver = SolverKind::coordinate_descent;
    EXPECT_EQ(call(options),
              "solve.solver: got coordinate_descent on cuda:0, expected working_set, fista or admm, or a context on cpu");
    EXPECT_EQ(call({.target_l0 = 4}), "no error");
    EXPECT_EQ(call({.target_cosine = 0.5f}), "no error");
  }
}

/// Certificates of codes from anywhere.
class CertifyOnDevice : public ::testing::Test {
 protected:
  /// Both devices' reports of the same codes.
  void expect_same(const SparseCodes& codes, const DecomposeOptions& options) {
    const std::vector<RowReport> here = certify(context, Dictionary(context, sample.atom_view()), sample.view(), codes, options);
    const std::vector<RowReport> there = certify(cpu, Dictionary(cpu, sample.atom_view()), sample.view(), codes, options);
    for (std::size_t i = 0; i < here.size(); ++i) {
      const auto same = [&](double left, double right) {
        if (std::isnan(left) || std::isinf(left)) {
          EXPECT_TRUE(std::isnan(left) ? std::isnan(right) : left == right) << i << ": " << left << ", " << right;
        } else {
          EXPECT_NEAR(left, right, 1e-12 * (1 + std::abs(right))) << i;
        }
      };
      same(here[i].primal, there[i].primal);
      same(here[i].dual, there[i].dual);
      same(here[i].gap, there[i].gap);
      same(here[i].kkt_violation, there[i].kkt_violation);
      EXPECT_EQ(here[i].status, there[i].status) << i;
      EXPECT_EQ(here[i].l1_penalty, there[i].l1_penalty) << i;
      EXPECT_EQ(here[i].rounds, 0);
      EXPECT_EQ(here[i].iterations, 0);
    }
    last = here;
  }

  /// Row i has a weight on every (3 + i)-th atom.
  SparseCodes some_codes() const {
    SparseCodes codes{.rows = sample.rows, .cols = sample.atoms, .row_offsets = {0}, .atom_indices = {}, .values = {}};
    const std::vector<float> values = gaussian(static_cast<std::size_t>(sample.atoms), 13);
    for (std::int64_t i = 0; i < sample.rows; ++i) {
      for (std::int64_t j = i % 3; i % 4 != 3 && j < sample.atoms; j += 3 + i) {
        codes.atom_indices.push_back(static_cast<std::int32_t>(j));
        codes.values.push_back(std::abs(0.2f * values[static_cast<std::size_t>(j)]));
      }
      codes.row_offsets.push_back(codes.nnz());
    }
    return codes;
  }

  Context context{Device::cuda(0)};
  Context cpu;
  SampleProblem sample = sample_problem(130, 23, 12, 26);
  std::vector<RowReport> last;
};

TEST_F(CertifyOnDevice, IsWhatTheCpuSays) {
  std::vector<float> weights;
  for (std::int64_t j = 0; j < sample.atoms; ++j) weights.push_back(0.7f + 0.1f * static_cast<float>(j % 9));
  const std::vector<float> penalties = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f, 1.0f, 1.1f, 1.2f};
  for (const bool nonnegative : {true, false}) {
    expect_same(some_codes(), {.l1_penalty = 0.3f, .nonnegative = nonnegative});
    expect_same(some_codes(), {.l1_penalties = penalties, .atom_weights = weights, .nonnegative = nonnegative});
  }
}

TEST_F(CertifyOnDevice, OptimalCodes) {
  const DecomposeResult result = decompose(cpu, Dictionary(cpu, sample.atom_view()), sample.view());
  expect_same(result.codes, {});
  for (const RowReport& report : last) EXPECT_EQ(report.status, RowStatus::certified);
}

TEST_F(CertifyOnDevice, InfeasibleCodesHaveAnInfiniteGap) {
  SparseCodes codes = some_codes();
  const std::vector<std::int32_t> banned = {codes.row_atoms(0)[1]};
  codes.values[static_cast<std::size_t>(codes.row_offsets[1])] *= -1;
  expect_same(codes, {.l1_penalty = 0.3f, .banned_atoms = banned});
  EXPECT_EQ(last[0].gap, inf) << "weight on a banned atom";
  EXPECT_EQ(last[1].gap, inf) << "a negative weight";
  EXPECT_EQ(last[1].kkt_violation, inf);
  EXPECT_LT(last[3].gap, inf);
  // Entries of 0 are none.
  for (float& value : codes.values) value = 0;
  expect_same(codes, {.l1_penalty = 0.3f, .banned_atoms = banned});
  for (const RowReport& report : last) EXPECT_LT(report.gap, inf);
}

TEST_F(CertifyOnDevice, RowsAsTheyAre) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  sample.embeddings[static_cast<std::size_t>(0 * sample.dim + 2)] = nan;
  sample.embeddings[static_cast<std::size_t>(1 * sample.dim + 3)] = -infinity;
  std::fill_n(sample.embeddings.begin() + 2 * sample.dim, 2 * sample.dim, 0.0f);  // with a code, and without
  for (std::int64_t k = 0; k < sample.dim; ++k) {
    sample.embeddings[static_cast<std::size_t>(4 * sample.dim + k)] *= 1e-30f;
    sample.embeddings[static_cast<std::size_t>(5 * sample.dim + k)] *= 1e30f;
  }
  expect_same(some_codes(), {.l1_penalty = 0.3f});
  EXPECT_EQ(last[0].status, RowStatus::non_finite_input);
  EXPECT_EQ(last[1].status, RowStatus::non_finite_input);
  EXPECT_EQ(last[2].status, RowStatus::budget_exhausted);
  EXPECT_EQ(last[3].status, RowStatus::zero_embedding);
}

/// A certificate that a changed weight, row or penalty does not change would be none.
TEST_F(CertifyOnDevice, SeesEveryChange) {
  const Dictionary dictionary(context, sample.atom_view());
  DecomposeOptions options{.l1_penalty = 0.2f};
  options.solve.gap_tolerance = 1e-7;
  const DecomposeResult result = decompose(context, dictionary, sample.view(), options);
  const auto gaps_of = [&](const SparseCodes& codes, float penalty) {
    double worst = 0;
    for (const RowReport& report : certify(context, dictionary, sample.view(), codes, {.l1_penalty = penalty})) {
      worst = std::max(worst, report.gap);
    }
    return worst;
  };
  const double honest = gaps_of(result.codes, 0.2f);
  EXPECT_LT(honest, 1e-6);
  for (std::size_t i = 0; i < result.codes.values.size(); i += 7) {
    SparseCodes changed = result.codes;
    changed.values[i] *= 1.05f;
    EXPECT_GT(gaps_of(changed, 0.2f), 2 * honest) << "weight " << i;
  }
  EXPECT_GT(gaps_of(result.codes, 0.201f), 2 * honest);
  sample.embeddings[5] += 0.01f;
  EXPECT_GT(gaps_of(result.codes, 0.2f), 2 * honest);
}

TEST(RecomposeOnDevice, EqualsPlainLoops) {
  const Context context(Device::cuda(0));
  const std::int64_t atoms = 50;
  const std::int64_t dim = 21;
  const std::vector<float> values = gaussian(static_cast<std::size_t>(atoms * dim), 5);
  const Dictionary dictionary(context, MatrixView<const float>{values.data(), atoms, dim});
  SparseCodes codes{.rows = atoms, .cols = atoms, .row_offsets = {0}, .atom_indices = {}, .values = {}};
  for (std::int64_t i = 0; i < atoms; ++i) {  // row i has i entries
    for (std::int64_t j = atoms - i; j < atoms; ++j) {
      codes.atom_indices.push_back(static_cast<std::int32_t>(j));
      codes.values.push_back(0.1f * static_cast<float>(i - j));
    }
    codes.row_offsets.push_back(codes.nnz());
  }
  const auto expect_product = [&](const float* out, std::int64_t ld, const SparseCodes& given) {
    for (std::int64_t i = 0; i < given.rows; ++i) {
      for (std::int64_t k = 0; k < dim; ++k) {
        double sum = 0;
        double size = 0;
        for (std::size_t e = 0; e < given.row_atoms(i).size(); ++e) {
          const double term = static_cast<double>(given.row_values(i)[e]) *
                              static_cast<double>(values[static_cast<std::size_t>(given.row_atoms(i)[e] * dim + k)]);
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(static_cast<double>(out[i * ld + k]), sum, 3e-6 * size) << i << ", " << k;
      }
    }
  };
  const std::int64_t ld = dim + 3;
  std::vector<float> host(static_cast<std::size_t>(atoms * ld), 7.0f);
  recompose(context, dictionary, codes, {host.data(), atoms, dim, ld});
  expect_product(host.data(), ld, codes);
  for (std::int64_t i = 0; i < atoms; ++i) EXPECT_EQ(host[static_cast<std::size_t>(i * ld + dim)], 7.0f) << "beyond the row";

  // Into memory of the device, where a row may be longer than its numbers.
  const std::shared_ptr<emulation::EmulatedDevice> device = emulation::emulated_device(0);
  auto* there = static_cast<float*>(device->allocate(host.size() * sizeof(float)));
  recompose(context, dictionary, codes, {there, atoms, dim, ld, Device::cuda(0)});
  expect_product(there, ld, codes);
  const SparseCodes empty{.rows = atoms, .cols = atoms,
                          .row_offsets = std::vector<std::int64_t>(static_cast<std::size_t>(atoms) + 1, 0),
                          .atom_indices = {}, .values = {}};
  recompose(context, dictionary, empty, {there, atoms, dim, ld, Device::cuda(0)});
  expect_product(there, ld, empty);
  recompose(context, dictionary, empty, {host.data(), atoms, dim, ld});
  expect_product(host.data(), ld, empty);
  device->release(there);
}

}  // namespace
}  // namespace splice_cuda::testing

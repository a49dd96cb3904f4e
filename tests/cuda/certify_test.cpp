// Certificates on the device never understate: against long double over all atoms, and against the CPU's.

#include <cmath>

#include "cuda/solve_stages.hpp"
#include "kernels/certify_exactly.hpp"
#include "kernels/certify_screened.hpp"
#include "support/agreement.hpp"

namespace splice_cuda::testing {
namespace {

/// The gap of a row's code with the residual as the dual point, scaled to where it is feasible.
long double true_gap(const KernelProblem& problem, const KernelRows& rows, std::int64_t row) {
  std::vector<long double> r(at(problem.atoms.dim));
  const float* z = rows.z.data() + row * problem.atoms.ld;
  const std::int32_t* atoms = rows.code_atoms.data() + row * rows.view.code_capacity;
  const float* weights = rows.code_weights.data() + row * rows.view.code_capacity;
  long double l1 = 0;
  for (std::size_t k = 0; k < r.size(); ++k) r[k] = z[k];
  for (int i = 0; i < rows.code_count[at(row)]; ++i) {
    for (std::size_t k = 0; k < r.size(); ++k) r[k] -= static_cast<long double>(weights[i]) * problem.atom(atoms[i])[k];
    l1 += std::abs(static_cast<long double>(weights[i])) / problem.view.inverse[atoms[i]];
  }
  long double zr = 0;
  long double rr = 0;
  for (std::size_t k = 0; k < r.size(); ++k) {
    zr += z[k] * r[k];
    rr += r[k] * r[k];
  }
  long double largest = 0;
  for (std::int64_t j = 0; j < problem.atoms.size; ++j) {
    long double sum = 0;
    for (std::size_t k = 0; k < r.size(); ++k) sum += r[k] * problem.atom(j)[k];
    sum *= problem.view.inverse[j];
    largest = std::max(largest, problem.view.nonnegative ? sum : std::abs(sum));
  }
  const long double lambda = rows.lambda[at(row)];
  long double scale = rr > 0 ? zr / rr : 0;
  if (largest > 0) scale = std::min(scale, lambda / largest);
  scale = std::max(scale, 0.0L);
  return 0.5L * rr + lambda * l1 - (scale * zr - 0.5L * scale * scale * rr);
}

class Certify : public WatchedKernels {
 protected:
  Certify() { use(true); }

  /// @param first  what the first atom is multiplied by
  void use(bool nonnegative, float first = 1) {
    DecomposeOptions options;
    options.l1_penalty = 0.12f;
    options.nonnegative = nonnegative;
    weights.assign(260, 1.0f);
    for (std::size_t j = 0; j < weights.size(); j += 3) weights[j] = 1.3f;
    options.atom_weights = weights;
    const std::vector<std::int32_t> banned = {11, 200};
    options.banned_atoms = banned;
    SampleProblem sample = sample_problem(260, 24, count, 12);
    std::copy_n(sample.dictionary.begin() + 40 * 24, 24, sample.dictionary.begin() + 90 * 24);  // equal atoms
    for (std::size_t k = 0; k < 24; ++k) sample.dictionary[k] *= first;
    problem = std::make_unique<KernelProblem>(std::move(sample), options);
    rows = std::make_unique<KernelRows>(count, problem->atoms.ld, 32, 260);
    rows->load(device, *problem);
    Context context;
    options.banned_atoms = banned;
    codes = decompose(context, problem->handle, problem->sample.view(), options).codes;
    for (std::int64_t i = 0; i < count; ++i) {
      std::vector<float> scaled;
      for (const float value : codes.row_values(i)) scaled.push_back(std::ldexp(value, rows->exponent[at(i)]));
      rows->set_code(i, {codes.row_atoms(i).begin(), codes.row_atoms(i).end()}, scaled);
    }
  }

  /// A screening of the residuals of codes that are the present ones times `share`.
  void screen(float share) {
    for (std::int64_t i = 0; i < count; ++i) {
      float* r = rows->r.data() + i * problem->atoms.ld;
      std::copy_n(rows->z.data() + i * problem->atoms.ld, problem->atoms.ld, r);
      for (int e = 0; e < rows->code_count[at(i)]; ++e) {
        const float* atom = problem->atom(rows->code_atoms[at(i * 32 + e)]);
        for (std::int64_t k = 0; k < problem->atoms.dim; ++k)
          r[k] -= share * rows->code_weights[at(i * 32 + e)] * atom[k];
      }
    }
    std::fill(rows->phase.begin(), rows->phase.end(), cuda::RowPhase::certifying);
    std::fill(rows->margin_level.begin(), rows->margin_level.end(), 0);
    screen_rows(device, *problem, *rows);
    for (std::int64_t i = 0; i < count; ++i) EXPECT_EQ(rows->phase[at(i)], cuda::RowPhase::certifying);
  }

  void certify_screened() {
    std::fill(rows->phase.begin(), rows->phase.end(), cuda::RowPhase::claims);
    std::vector<double> residuals(at(2 * problem->atoms.ld));
    std::vector<float> products(at(2 * rows->screen.list_capacity));
    std::vector<std::int32_t> candidates(cuda::candidate_lists * products.size());
    device.launch<cuda::CertifyScreenedKernel>(
        count, {problem->atoms, problem->view, rows->view, rows->screen, residuals.data(), products.data(), candidates.data()}, 2);
  }
  void certify_exactly() {
    std::fill(rows->phase.begin(), rows->phase.end(), cuda::RowPhase::claims_exactly);
    std::vector<double> residuals(at(2 * problem->atoms.ld));
    device.launch<cuda::CertifyExactlyKernel>(count, {problem->atoms, problem->view, rows->view, residuals.data()}, 2);
  }

  /// Of the scaled problem, whether the row is finished or not.
  double scaled_gap(std::int64_t row) const {
    const bool finished = rows->phase[at(row)] == cuda::RowPhase::finished;
    return finished ? std::ldexp(rows->gap[at(row)], 2 * rows->exponent[at(row)]) : rows->gap[at(row)];
  }
  /// Every gap covers the true one. @returns how many are certified
  int check_gaps(double allowance) {
    int certified = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const long double gap = true_gap(*problem, *rows, i);
      EXPECT_GE(static_cast<long double>(scaled_gap(i)), gap) << "row " << i;
      EXPECT_LE(static_cast<long double>(scaled_gap(i)), gap + allowance) << "row " << i;
      certified += rows->status[at(i)] == static_cast<std::int32_t>(RowStatus::certified) ? 1 : 0;
    }
    return certified;
  }

  static constexpr std::int64_t count = 12;
  std::vector<float> weights;
  std::unique_ptr<KernelProblem> problem;
  std::unique_ptr<KernelRows> rows;
  SparseCodes codes;
};

/// The zero code at a lambda just below the largest correlation, by less than float32 products err: what is above it is seen. Also
/// of rows that are their int8 copies, so that nothing but what atoms err by stands between their values and lambda.
class CertifyCloseToLambda : public Certify, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(RowsThatAreTheirCopies, CertifyCloseToLambda, ::testing::Bool());

TEST_P(CertifyCloseToLambda, ViolationsThatFloat32LosesAreSeen) {
  for (std::int64_t i = 0; i < count; ++i) {
    rows->code_count[at(i)] = 0;
    float* z = rows->z.data() + i * problem->atoms.ld;
    const float top = *std::max_element(z, z + 24, [](float a, float b) { return std::abs(a) < std::abs(b); });
    for (std::int64_t k = 0; GetParam() && k < 24; ++k) z[k] = std::ldexp(std::round(z[k] * 127 / std::abs(top)), -7);
  }
  std::vector<double> above(at(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const float* z = rows->z.data() + i * problem->atoms.ld;
    long double largest = 0;
    for (std::int64_t j = 0; j < problem->atoms.size; ++j) {
      long double sum = 0;
      for (std::int64_t k = 0; k < problem->atoms.dim; ++k) sum += static_cast<long double>(z[k]) * problem->atom(j)[k];
      largest = std::max(largest, sum * static_cast<long double>(problem->view.inverse[j]));
    }
    rows->lambda[at(i)] = static_cast<double>(largest * (1 - 1e-7L));
    above[at(i)] = static_cast<double>(largest - static_cast<long double>(rows->lambda[at(i)]));
  }
  screen(0);
  certify_screened();
  for (std::int64_t i = 0; i < count; ++i) {
    const double violation = std::ldexp(rows->kkt_violation[at(i)], rows->exponent[at(i)]);
    EXPECT_GE(violation, above[at(i)] * (1 - 1e-6)) << i;
    EXPECT_LE(violation, above[at(i)] * 1.01) << i;
  }
}

/// Rows that are the first atom, with codes that have none: it is not taken for one of them.
TEST_F(Certify, EmptyCodesHaveNoAtom) {
  use(true, 5);  // no other atom correlates as much
  const float* atom = problem->atom(0);
  const float norm = std::sqrt(std::inner_product(atom, atom + problem->atoms.dim, atom, 0.0f));
  for (std::int64_t i = 0; i < count; ++i) {
    rows->code_count[at(i)] = 0;
    for (std::int64_t k = 0; k < problem->atoms.ld; ++k) rows->z[at(i * problem->atoms.ld + k)] = atom[k] / norm;
    rows->lambda[at(i)] = 0.95 * static_cast<double>(norm) * problem->view.inverse[0];
  }
  screen(0);
  certify_screened();
  EXPECT_EQ(check_gaps(1e-9), 0);
}

TEST_F(Certify, SolutionsAreCertified) {
  for (const bool nonnegative : {true, false}) {
    use(nonnegative);
    screen(1.0f);
    certify_screened();
    EXPECT_EQ(check_gaps(1e-9), count);
    certify_exactly();
    EXPECT_EQ(check_gaps(1e-9), count);
  }
}

TEST_F(Certify, AsTheCpuCertifiesInTheRowsUnits) {
  for (const bool nonnegative : {true, false}) {
    use(nonnegative);
    certify_exactly();
    DecomposeOptions options;
    options.l1_penalty = 0.12f;
    options.nonnegative = nonnegative;
    options.atom_weights = weights;
    const std::vector<std::int32_t> banned = {11, 200};
    options.banned_atoms = banned;
    const std::vector<RowReport> wanted =
        splice_cuda::certify(Context(), problem->handle, problem->sample.view(), codes, options);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_NEAR(rows->primal[i], wanted[i].primal, 1e-13 * wanted[i].primal);
      EXPECT_NEAR(rows->dual[i], wanted[i].dual, 1e-12 * wanted[i].primal);
      EXPECT_NEAR(rows->gap[i], wanted[i].gap, 1e-12 * wanted[i].primal);
      EXPECT_NEAR(rows->kkt_violation[i], wanted[i].kkt_violation, 1e-12);
    }
  }
}

/// Rows that are one atom: it alone decides.
TEST_F(Certify, EveryAtomCounts) {
  const std::vector<std::int32_t> atoms = {0, 1, 40, 127, 128, 129, 255, 256, 257, 258, 259, 130};
  for (std::int64_t i = 0; i < count; ++i) {
    rows->code_count[at(i)] = 0;
    std::copy_n(problem->atom(atoms[at(i)]), problem->atoms.ld, rows->z.begin() + i * problem->atoms.ld);
  }
  certify_exactly();
  EXPECT_EQ(check_gaps(1e-9), 0);
}

/// Residuals that have moved since: atoms outside the lists come near lambda and above it.
TEST_F(Certify, AnyScreeningCoversAnyCode) {
  for (const bool nonnegative : {true, false}) {
    use(nonnegative);
    for (const float share : {0.98f, 0.9f, 1.1f}) {
      screen(share);
      for (std::int64_t i = 0; i < count; ++i) {
        for (int e = 0; e < rows->code_count[at(i)]; ++e) rows->code_weights[at(i * 32 + e)] *= 0.999f;
      }
      certify_screened();
      check_gaps(3.0);
      certify_exactly();
      check_gaps(1e-9);
    }
  }
}

/// With nothing listed and no bound on the rest, only the movement covers the atoms.
TEST_F(Certify, TheMovementCoversWhatIsNotListed) {
  screen(1.0f);
  for (std::int64_t i = 0; i < count; ++i) {
    rows->list_count[at(i)] = 0;
    rows->unlisted_bound[at(i)] = 0;  // true of r^ = 0
    std::fill_n(rows->q.begin() + i * problem->atoms.ld, problem->atoms.ld, std::int8_t{0});
    // The code is empty: r = z.
    rows->code_count[at(i)] = 0;
  }
  certify_screened();
  EXPECT_EQ(check_gaps(3.0), 0);
}

/// With everything listed, for a residual of nothing, the movement says what has to be looked at.
TEST_F(Certify, TheMovementCoversWhatIsListed) {
  for (const bool nonnegative : {true, false}) {
    use(nonnegative);
    screen(1.0f);
    for (std::int64_t i = 0; i < count; ++i) {
      std::int32_t& listed = rows->list_count[at(i)] = 0;
      for (std::int32_t j = 0; j < 260; ++j) {
        if (problem->view.solver_inverse[j] > 0) rows->list_atoms[at(i * 260 + listed++)] = j;
      }
      std::fill_n(rows->list_values.begin() + i * 260, 260, 0.0f);
      std::fill_n(rows->q.begin() + i * problem->atoms.ld, problem->atoms.ld, std::int8_t{0});
      rows->norm[at(i)] = 0;
      rows->unlisted_bound[at(i)] = -100;  // of no atom
      --rows->code_count[at(i)];           // an atom that should be there, and rises above lambda
    }
    certify_screened();
    EXPECT_EQ(check_gaps(1e-9), 0);
  }
}

/// What is listed is looked at: its bounds alone would cost the certificate.
TEST_F(Certify, CorruptedCodesFail) {
  for (std::int64_t i = 0; i < count; ++i) {
    ASSERT_GT(rows->code_count[at(i)], 0);
    rows->code_weights[at(i * 32)] *= 1.05f;
  }
  screen(1.0f);
  certify_screened();
  EXPECT_EQ(check_gaps(3.0), 0);
  certify_exactly();
  EXPECT_EQ(check_gaps(1e-9), 0);
  for (const std::int32_t status : rows->status)
    EXPECT_EQ(status, static_cast<std::int32_t>(RowStatus::budget_exhausted));
}

TEST_F(Certify, AnAtomLeftOutOfTheCodeFails) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t kept = --rows->code_count[at(i)];
    ASSERT_GE(kept, 0);
  }
  screen(1.0f);
  certify_screened();
  EXPECT_EQ(check_gaps(3.0), 0);
}

TEST_F(Certify, RowsThatFailTryAgainUntilPatienceOrBudgetEnds) {
  for (std::int64_t i = 0; i < count; ++i) rows->code_weights[at(i * 32)] *= 1.05f;
  screen(1.0f);
  for (int turn = 0; turn < 6; ++turn) {
    certify_screened();
    EXPECT_EQ(rows->phase[0], turn < 5 ? cuda::RowPhase::refused : cuda::RowPhase::exact);
    EXPECT_EQ(rows->misses[0], turn + 1);
  }
  rows->rounds[0] = problem->view.max_rounds;
  certify_screened();
  EXPECT_EQ(rows->phase[0], cuda::RowPhase::finished);
  EXPECT_EQ(rows->status[0], static_cast<std::int32_t>(RowStatus::budget_exhausted));
  EXPECT_EQ(rows->phase[1], cuda::RowPhase::exact);
}

}  // namespace
}  // namespace splice_cuda::testing

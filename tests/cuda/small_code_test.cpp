// Codes of few atoms, each of which is looked at once: residual and terms of a certificate against long double, and against what
// codes of any size get.

#include <cmath>

#include "cuda/kernel_problem.hpp"
#include "kernels/certificate.hpp"
#include "kernels/small_code.hpp"

namespace splice_cuda::testing {
namespace {

struct TermsKernel {
  struct Args {
    cuda::AtomsView atoms;
    cuda::ProblemView problem;
    cuda::CodeView code;
    double* residual = nullptr;  ///< [ld]
    cuda::CodeTerms* terms = nullptr;
    bool small = false;
  };
  using Shared = cuda::SmallCode;
  static constexpr int lanes = 32;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "terms_kernel";

  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared& shared) {
    auto residual = group.array(args.residual, args.atoms.ld);
    const cuda::SharedCode<Group> code(group, shared);
    typename Group::template PerLane<cuda::LaneTerms> found;
    group.each([&](int lane) { found[lane] = {}; });
    if (args.small) {
      cuda::load_small_code(group, args.code.count, args.code.atoms, args.code.weights, code);
      cuda::look_at_small_code(group, args.atoms, args.problem, args.code, code, residual, found);
    } else {
      cuda::look_at_code(group, args.atoms, args.problem, args.code, residual, found);
    }
    const cuda::CodeTerms terms = cuda::add_up(group, found);
    group.once([&] { *args.terms = terms; });
  }
};

class SmallCodes : public WatchedKernels {
 protected:
  /// The terms of a code of `count` atoms that no solver has made, by one of the two ways.
  cuda::CodeTerms terms_of(const KernelProblem& problem, int count, bool small) {
    rows = std::make_unique<KernelRows>(1, problem.atoms.ld, 40, 1);
    rows->load(device, problem);
    std::vector<std::int32_t> atoms;
    std::vector<float> weights;
    for (int i = 0; i < count; ++i) {
      atoms.push_back(3 * i + 1);
      weights.push_back(i % 5 == 4 ? 0.0f : (problem.view.nonnegative || i % 3 != 0 ? 0.02f : -0.03f) * static_cast<float>(i + 1));
    }
    rows->set_code(0, atoms, weights);
    residual.assign(at(problem.atoms.ld), NAN);
    cuda::CodeTerms terms;
    device.launch<TermsKernel>(
        1, {problem.atoms, problem.view, cuda::code_of(rows->view, 0, problem.atoms.ld), residual.data(), &terms, small});
    return terms;
  }

  /// What is wrong with them.
  std::string disagreement(const KernelProblem& problem, const cuda::CodeTerms& terms) const {
    const float* z = rows->z.data();
    std::vector<long double> r(at(problem.atoms.ld));
    long double l1 = 0;
    for (std::size_t k = 0; k < r.size(); ++k) r[k] = z[k];
    for (int i = 0; i < rows->code_count[0]; ++i) {
      const float weight = rows->code_weights[at(i)];
      for (std::size_t k = 0; k < r.size(); ++k) r[k] -= static_cast<long double>(weight) * problem.atom(rows->code_atoms[at(i)])[k];
      l1 += std::abs(static_cast<long double>(weight)) / problem.view.inverse[rows->code_atoms[at(i)]];
    }
    long double zz = 0, zr = 0, rr = 0, largest = 0, violation = 0;
    for (std::size_t k = 0; k < r.size(); ++k) {
      if (std::abs(r[k] - residual[k]) > 1e-14L) return "residual";
      zz += static_cast<long double>(z[k]) * z[k];
      zr += z[k] * r[k];
      rr += r[k] * r[k];
    }
    for (int i = 0; i < rows->code_count[0]; ++i) {
      const float weight = rows->code_weights[at(i)];
      if (weight == 0) continue;
      long double product = 0;
      for (std::size_t k = 0; k < r.size(); ++k) product += r[k] * problem.atom(rows->code_atoms[at(i)])[k];
      product *= problem.view.inverse[rows->code_atoms[at(i)]] * (weight < 0 ? -1 : 1);
      largest = std::max(largest, problem.view.nonnegative ? product : std::abs(product));
      violation = std::max(violation, std::abs(product - static_cast<long double>(rows->lambda[0])));
    }
    const auto differs = [](double a, long double b) { return std::abs(a - b) > 1e-13L * (1 + std::abs(b)); };
    if (differs(terms.z_dot_z, zz)) return "z.z";
    if (differs(terms.z_dot_r, zr)) return "z.r";
    if (differs(terms.r_dot_r, rr)) return "r.r";
    if (differs(terms.weighted_l1, l1)) return "l1";
    if (differs(terms.largest, largest)) return "largest";
    return differs(terms.violation, violation) ? "violation" : "";
  }

  std::unique_ptr<KernelRows> rows;
  std::vector<double> residual;
};

TEST_F(SmallCodes, OneLookSeesWhatTwoSee) {
  for (const bool nonnegative : {true, false}) {
    for (const std::int64_t dim : {1, 24, 64, 65, 130}) {
      const KernelProblem problem(sample_problem(120, dim, 1, 9), options(0.3f, nonnegative));
      for (const int count : {0, 1, 2, 7, 8, 9, 16, 17, 23, 24, 25, 31, 32}) {
        EXPECT_EQ(disagreement(problem, terms_of(problem, count, true)), "") << dim << ", " << count;
        EXPECT_EQ(disagreement(problem, terms_of(problem, count, false)), "") << dim << ", " << count;
      }
      EXPECT_EQ(disagreement(problem, terms_of(problem, 39, false)), "") << dim;
    }
  }
}

/// The comparator notices each term that is off, and a residual.
TEST_F(SmallCodes, WhatIsWrongIsNoticed) {
  const KernelProblem problem(sample_problem(120, 24, 1, 9), options(0.3f, true));
  const cuda::CodeTerms terms = terms_of(problem, 20, true);
  for (const auto& [member, what] : {std::pair{&cuda::CodeTerms::z_dot_z, "z.z"}, {&cuda::CodeTerms::z_dot_r, "z.r"},
                                     {&cuda::CodeTerms::r_dot_r, "r.r"}, {&cuda::CodeTerms::weighted_l1, "l1"},
                                     {&cuda::CodeTerms::largest, "largest"}, {&cuda::CodeTerms::violation, "violation"}}) {
    cuda::CodeTerms wrong = terms;
    wrong.*member += 1e-9;
    EXPECT_EQ(disagreement(problem, wrong), what);
  }
  residual[5] += 1e-12;
  EXPECT_EQ(disagreement(problem, terms), "residual");
}

}  // namespace
}  // namespace splice_cuda::testing

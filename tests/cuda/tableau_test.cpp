// Pivoting by groups of lanes, in memory and in registers: solutions against their own conditions in fp64, and the two
// against each other and against the CPU's.

#include <cmath>
#include <numeric>

#include "cpu/pivoting.hpp"
#include "cuda/kernel_problem.hpp"
#include "cuda/register_matrices.hpp"
#include "kernels/memory_matrix.hpp"
#include "kernels/row_products.hpp"
#include "kernels/tableau.hpp"

namespace splice_cuda::testing {
namespace {

/// What is done: `together` atoms at once, the first `expected` of which come in without a search, the others one by one; solved
/// after each.
template <class T>
struct Script {
  cuda::AtomsView atoms;
  const float* z = nullptr;
  double lambda = 0;
  int together = 0;
  int expected = 0;
  int total = 0;
  bool nonnegative = true;
  bool disturbed = false;  ///< the solution is, in the end; a Newton step has to mend it
  int in_and_out = 0;      ///< every so many-th atom leaves in the end, and comes in again
  T tolerance = 0;
  T pivot_floor = 0;
  double* x = nullptr;                 ///< [total] found: weights
  std::int32_t* in_support = nullptr;  ///< [total]
  double* residual = nullptr;          ///< [ld] scratch
  T* gram = nullptr;                   ///< [total] scratch
  T* slacks = nullptr;                 ///< [total] scratch
};

template <class Group, class T, class Matrix>
class ScriptRun {
 public:
  ScriptRun(Group& group, Matrix& matrix, const cuda::TableauMemory<T>& memory, int capacity, const Script<T>& script)
      : group_(group),
        script_(script),
        tableau_(group, matrix, memory, capacity),
        x_(group.array(script.x, script.total)),
        residual_(group.array(script.residual, script.atoms.ld)),
        gram_(group.array(script.gram, script.total)),
        slacks_(group.array(script.slacks, script.total)) {}

  void run() {
    const auto atom = [](int i) -> std::int32_t { return i; };
    const auto factor = [](int) { return T(1); };
    if constexpr (requires { Matrix::most_crossed; }) {  // products with some vector are made beside it
      tableau_.set_atoms(script_.atoms, script_.together, atom, factor, script_.atoms.halves, [](int, float) {});
    } else {
      tableau_.set_atoms(script_.atoms, script_.together, atom, factor);
    }
    subtract(0);
    group_.each([&](int lane) {
      for (int i = lane; i < script_.together; i += Group::size) tableau_.value[i] = slack(i, T(1));
    });
    group_.sync();
    solve(script_.expected);
    for (int n = script_.together; n < script_.total; ++n) {
      append(n);
      solve();
    }
    if (script_.in_and_out > 0) turn_over();
    if (script_.disturbed) {
      group_.each([&](int lane) {
        for (int k = lane; k < script_.total; k += Group::size) {
          if (tableau_.in_support[k] != 0) tableau_.value[k] = static_cast<T>(tableau_.value[k]) + T(0.01);
        }
      });
      group_.sync();
    }
    for (int step = 0; step < 3; ++step) {
      subtract(script_.total);
      read_slacks();
      tableau_.newton_step(slacks_);
    }
    group_.sync();
    group_.each([&](int lane) {
      for (int k = lane; k < script_.total; k += Group::size) {
        x_[k] = weight(k);
        script_.in_support[k] = tableau_.in_support[k];
      }
    });
  }

 private:
  double weight(int k) const {
    return tableau_.in_support[k] != 0
               ? static_cast<double>(tableau_.value[k]) * static_cast<double>(tableau_.factor[k])
               : 0.0;
  }
  void subtract(int size) {
    group_.sync();
    cuda::subtract_atoms<double>(
        group_, script_.atoms, script_.z, size, [](int i) -> std::int64_t { return i; },
        [&](int i) { return weight(i); }, residual_);
  }
  T slack(int atom, T factor) const {
    return static_cast<T>(script_.lambda -
                          static_cast<double>(factor) * cuda::dot_atom(script_.atoms, atom, residual_));
  }
  void append(int n) {
    subtract(n);
    group_.each([&](int lane) {
      for (int k = lane; k <= n; k += Group::size) {
        const double product = cuda::dot_atom(script_.atoms, k, script_.atoms.atoms + n * script_.atoms.ld);
        gram_[k] = static_cast<T>(product) * (k < n ? static_cast<T>(tableau_.factor[k]) : T(1));
      }
    });
    group_.sync();
    tableau_.append(n, T(1), slack(n, T(1)), gram_);
  }
  void read_slacks() {
    group_.each([&](int lane) {
      for (int k = lane; k < tableau_.size(); k += Group::size) slacks_[k] = slack(k, tableau_.factor[k]);
    });
    group_.sync();
  }
  /// Values such that these atoms alone leave, one after the other, and then come in; all are in the support.
  void turn_over() {
    const auto turns = [&](int k) { return k % script_.in_and_out == script_.in_and_out - 1; };
    const auto set_values = [&](T others) {
      group_.each([&](int lane) {
        for (int k = lane; k < script_.total; k += Group::size) tableau_.value[k] = turns(k) ? T(-1e-3) : others;
      });
      group_.sync();
    };
    for (int time = 0; time < 2; ++time) {
      set_values(1e6);
      tableau_.solve(T(1e-6), script_.pivot_floor);
    }
    group_.each([&](int lane) {
      for (int k = lane; k < script_.total; k += Group::size) tableau_.value[k] = T(1);
    });
  }
  /// Signed: atoms that would rather act as their negatives are turned, and it is solved again.
  void solve(int expected = 0) {
    for (int turn = 0; turn < 50; ++turn) {
      tableau_.solve(script_.tolerance, script_.pivot_floor, expected);
      expected = 0;
      if (script_.nonnegative) return;
      subtract(tableau_.size());
      read_slacks();
      bool turned = false;
      for (int k = 0; k < tableau_.size(); ++k) {
        const T y = slacks_[k];
        if (tableau_.in_support[k] != 0 || !(y > static_cast<T>(2 * script_.lambda) + script_.tolerance)) continue;
        turned = true;
        tableau_.flip_sign(k);
        group_.once([&] { tableau_.value[k] = static_cast<T>(2 * script_.lambda) - y; });
        group_.sync();
      }
      group_.sync();
      if (!turned) return;
    }
  }

  Group& group_;
  const Script<T>& script_;
  cuda::Tableau<Group, T, Matrix> tableau_;
  typename Group::template Array<double> x_;
  typename Group::template Array<double> residual_;
  typename Group::template Array<T> gram_;
  typename Group::template Array<T> slacks_;
};

constexpr int most = 128;

template <class T>
struct SharedTableau {
  alignas(16) T row[most];
  T value[most], diagonal[most], factor[most];
  std::int32_t atom[most], in_support[most], exchanges[most];
  cuda::TableauMemory<T> memory() { return {value, diagonal, factor, row, atom, in_support, exchanges}; }
};

template <class T, int lane_count>
struct MemoryKernel {
  using Args = Script<T>;
  struct Shared {
    T matrix[most * most];
    SharedTableau<T> set;
  };
  static constexpr int lanes = lane_count;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "memory_kernel";
  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared& shared) {
    cuda::MemoryMatrix<Group, T> matrix(group, shared.matrix, args.total);  // just as large as it has to be
    ScriptRun<Group, T, cuda::MemoryMatrix<Group, T>>(group, matrix, shared.set.memory(), args.total, args).run();
  }
};

template <int capacity>
struct RegisterKernel {
  using Args = Script<float>;
  using Registers = RegisterMatrixOf<capacity>;
  struct Shared {
    alignas(16) typename Registers::Memory matrix;
    SharedTableau<float> set;
    alignas(16) float factors[capacity];
  };
  static constexpr int lanes = Registers::lanes;
  static constexpr int groups_per_block = 1;
  static constexpr const char* name = "register_kernel";
  template <class Group>
  static void run(Group& group, std::int64_t, const Args& args, Shared& shared) {
    using Matrix = typename Registers::template Matrix<Group>;
    Matrix matrix(group, shared.matrix, shared.factors);
    ScriptRun<Group, float, Matrix>(group, matrix, shared.set.memory(), capacity, args).run();
  }
};

struct Found {
  std::vector<double> x;
  std::vector<std::int32_t> in_support;
};

/// Largest violation of c_k.r <= lambda with equality on the support, of x >= 0 and of what is not in the support being
/// 0.
double violation(const KernelProblem& problem, double lambda, const Found& found) {
  std::vector<double> residual(problem.sample.embeddings.begin(), problem.sample.embeddings.end());
  for (std::size_t k = 0; k < found.x.size(); ++k) {
    for (std::size_t i = 0; i < residual.size(); ++i)
      residual[i] -= found.x[k] * static_cast<double>(problem.atom(static_cast<std::int64_t>(k))[i]);
  }
  double worst = 0;
  for (std::size_t k = 0; k < found.x.size(); ++k) {
    double product = 0;
    for (std::size_t i = 0; i < residual.size(); ++i)
      product += residual[i] * static_cast<double>(problem.atom(static_cast<std::int64_t>(k))[i]);
    if (problem.view.nonnegative) worst = std::max(worst, -found.x[k]);
    const double size = problem.view.nonnegative ? product : std::abs(product);
    worst = std::max(worst, size - lambda);
    if (found.x[k] != 0) worst = std::max(worst, std::abs(lambda - (found.x[k] > 0 ? product : -product)));
    if (found.in_support[k] == 0 && found.x[k] != 0) worst = 1;
  }
  return worst;
}

class Tableaus : public WatchedKernels {
 protected:
  struct Plan {
    int together = 0;
    int expected = 0;
    int total = 0;
    double lambda = 0;
    bool disturbed = false;
    int in_and_out = 0;
  };

  template <class T, class Kernel>
  Found solve(const KernelProblem& problem, const Plan& plan) {
    Found found{std::vector<double>(at(plan.total), 77.0), std::vector<std::int32_t>(at(plan.total), 7)};
    std::vector<double> residual(at(problem.atoms.ld));
    std::vector<T> gram(at(plan.total)), slacks(at(plan.total));
    const bool wide = sizeof(T) == 8;
    std::vector<float> z(problem.sample.embeddings);
    z.resize(at(problem.atoms.ld));
    Script<T> script{problem.atoms,
                     z.data(),
                     plan.lambda,
                     plan.together,
                     plan.expected,
                     plan.total,
                     problem.view.nonnegative,
                     plan.disturbed,
                     plan.in_and_out,
                     static_cast<T>((wide ? 1e-12 : 1e-6) * plan.lambda),
                     static_cast<T>(wide ? 1e-11 : 1e-4),
                     found.x.data(),
                     found.in_support.data(),
                     residual.data(),
                     gram.data(),
                     slacks.data()};
    device.launch<Kernel>(1, script);
    return found;
  }

  /// All ways to solve it, with some and with all expected in the support.
  void check(const KernelProblem& problem, Plan plan) {
    for (const int expected : {0, plan.together / 2, plan.together}) {
      plan.expected = expected;
      check_as_expected(problem, plan);
    }
  }
  void check_as_expected(const KernelProblem& problem, const Plan& plan) {
    const Found wide = solve<double, MemoryKernel<double, 256>>(problem, plan);
    EXPECT_LE(violation(problem, plan.lambda, wide), 1e-11);
    expect_near(wide, solve<double, MemoryKernel<double, 32>>(problem, plan), 1e-10);
    const Found narrow = solve<float, MemoryKernel<float, 128>>(problem, plan);
    EXPECT_LE(violation(problem, plan.lambda, narrow), 3e-6);
    expect_near(narrow, solve<float, MemoryKernel<float, 32>>(problem, plan), 2e-5);
    expect_near(narrow, solve<float, MemoryKernel<float, 256>>(problem, plan), 2e-5);
    expect_near(narrow, solve<float, RegisterKernel<128>>(problem, plan), 2e-5);
    if (plan.total <= 64) expect_near(narrow, solve<float, RegisterKernel<64>>(problem, plan), 2e-5);
    if (plan.total <= 32) expect_near(narrow, solve<float, RegisterKernel<32>>(problem, plan), 2e-5);
    if (independent) expect_near(wide, narrow, 1e-4);
    support = 0;
    for (const std::int32_t in : wide.in_support) support += in;
  }

  void expect_near(const Found& left, const Found& right, double tolerance) const {
    for (std::size_t k = 0; independent && k < left.x.size(); ++k) {
      EXPECT_NEAR(left.x[k], right.x[k], tolerance) << "atom " << k;
    }
  }

  static KernelProblem problem_of(std::int64_t atoms, std::int64_t dim, std::uint64_t seed, bool nonnegative = true) {
    DecomposeOptions options;
    options.nonnegative = nonnegative;
    return KernelProblem(sample_problem(atoms, dim, 1, seed), options);
  }

  bool independent = true;  ///< whether there is one solution
  int support = 0;
};

TEST_F(Tableaus, RandomProblemsOfEverySize) {
  for (const int size : {1, 2, 15, 31, 32}) {
    check(problem_of(size, size + 20, static_cast<std::uint64_t>(size)),
          {.together = size, .total = size, .lambda = 0.03});
  }
  for (const int size : {33, 63, 64}) {
    check(problem_of(size, size + 20, static_cast<std::uint64_t>(size)),
          {.together = size, .total = size, .lambda = 0.01});
  }
  EXPECT_GT(support, 8);
  for (const int size : {65, 97, 127, 128}) {
    check(problem_of(size, size + 24, static_cast<std::uint64_t>(size)), {.together = size, .total = size, .lambda = 0.01});
  }
}

TEST_F(Tableaus, AtomsThatJoinLaterUpToTheLastPlace) {
  check(problem_of(12, 30, 21), {.together = 0, .total = 12, .lambda = 0.02});
  check(problem_of(32, 50, 22), {.together = 5, .total = 32, .lambda = 0.01});
  check(problem_of(64, 80, 23), {.together = 40, .total = 64, .lambda = 0.01});
  check(problem_of(128, 150, 24), {.together = 100, .total = 128, .lambda = 0.01});
}

TEST_F(Tableaus, EitherSign) {
  check(problem_of(20, 40, 31, false), {.together = 20, .total = 20, .lambda = 0.01});
  check(problem_of(32, 40, 32, false), {.together = 8, .total = 32, .lambda = 0.01});
  check(problem_of(50, 70, 33, false), {.together = 30, .total = 50, .lambda = 0.005});
  EXPECT_GT(support, 25);
}

TEST_F(Tableaus, NewtonStepsMendADisturbedSolution) {
  for (const bool nonnegative : {true, false}) {
    check(problem_of(30, 60, 41, nonnegative), {.together = 25, .total = 30, .lambda = 0.01, .disturbed = true});
    check(problem_of(60, 90, 42, nonnegative), {.together = 60, .total = 60, .lambda = 0.01, .disturbed = true});
  }
}

/// Inverses that are as good as Newton steps take for granted, of atoms near to each other that left and came in again: each time
/// what M_kk is large of is divided by it.
TEST_F(Tableaus, AtomsThatLeaveAndComeInAgain) {
  for (const int size : {32, 64, 96}) {
    const std::int64_t dim = 300;
    SampleProblem sample = sample_problem(size, dim, 1, 91);
    std::fill(sample.embeddings.begin(), sample.embeddings.end(), 0.0f);
    for (std::size_t i = 0; i < at(size); ++i) {
      float* own = sample.dictionary.data() + i * at(dim);
      if (i % 8 == 7) {
        for (std::size_t d = 0; d < at(dim); ++d) own[d] = own[d] * 0.026f + (own - dim)[d];  // of cosine 0.9997
      }
      const float norm = std::sqrt(std::inner_product(own, own + dim, own, 0.0f));
      for (std::size_t d = 0; d < at(dim); ++d) sample.embeddings[d] += own[d] /= norm;
    }
    check(KernelProblem(std::move(sample)), {.together = size, .total = size, .lambda = 1e-4, .in_and_out = 8});
    EXPECT_EQ(support, size);
  }
}

TEST_F(Tableaus, EqualAndDependentAtoms) {
  independent = false;
  for (const int together : {20, 6}) {
    SampleProblem sample = sample_problem(20, 30, 1, 51);
    for (std::size_t k = 0; k < 30; ++k) {
      sample.dictionary[7 * 30 + k] = sample.dictionary[3 * 30 + k];
      sample.dictionary[12 * 30 + k] = 0.5f * (sample.dictionary[1 * 30 + k] + sample.dictionary[2 * 30 + k]);
      sample.dictionary[19 * 30 + k] = 2 * sample.dictionary[5 * 30 + k];
    }
    check(KernelProblem(std::move(sample)), {.together = together, .total = 20, .lambda = 0.01});
  }
}

TEST_F(Tableaus, MoreAtomsThanDimensions) {
  independent = false;
  check(problem_of(32, 6, 61), {.together = 32, .total = 32, .lambda = 0.01});
  check(problem_of(60, 10, 62), {.together = 30, .total = 60, .lambda = 0.01});
  check(problem_of(40, 10, 63, false), {.together = 30, .total = 40, .lambda = 0.02});
}

TEST_F(Tableaus, AsTheCpuSolvesIt) {
  const KernelProblem problem = problem_of(40, 60, 71);
  const Found found = solve<double, MemoryKernel<double, 256>>(problem, {.together = 40, .total = 40, .lambda = 0.02});
  cpu::Tableau<double> tableau;
  std::vector<std::int32_t> atoms(40);
  std::iota(atoms.begin(), atoms.end(), 0);
  const std::vector<double> factors(40, 1.0);
  std::vector<double> gram, values;
  for (std::int64_t i = 0; i < 40; ++i) {
    const auto dot = [&](const float* other) {
      double sum = 0;
      for (std::int64_t k = 0; k < 60; ++k)
        sum += static_cast<double>(problem.atom(i)[k]) * static_cast<double>(other[k]);
      return sum;
    };
    for (std::int64_t k = 0; k < 40; ++k) gram.push_back(dot(problem.atom(k)));
    values.push_back(0.02 - dot(problem.sample.embeddings.data()));
  }
  cpu::AppendScratch<double> scratch;
  cpu::append_atoms(tableau, atoms.data(), factors.data(), 40, gram.data(), 40, values.data(), scratch);
  cpu::solve_tableau(tableau, 1e-14, 1e-11);
  for (std::size_t k = 0; k < 40; ++k) {
    EXPECT_NEAR(found.x[k], tableau.in_support[k] != 0 ? tableau.value[k] : 0.0, 1e-6) << k;
  }
}

TEST_F(Tableaus, TheComparatorNoticesAWrongWeight) {
  const KernelProblem problem = problem_of(20, 40, 81);
  Found found = solve<double, MemoryKernel<double, 32>>(problem, {.together = 20, .total = 20, .lambda = 0.02});
  const auto largest = std::max_element(found.x.begin(), found.x.end());
  *largest *= 1.001;
  EXPECT_GT(violation(problem, 0.02, found), 1e-5);
  *largest = 0;
  EXPECT_GT(violation(problem, 0.02, found), 1e-3);
}

}  // namespace
}  // namespace splice_cuda::testing

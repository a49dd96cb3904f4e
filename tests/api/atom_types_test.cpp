// Dictionaries in float16 and bfloat16, and dictionaries that are read in place: bit by bit what a float32
// copy of the same numbers gives, for every solver.

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "support/agreement.hpp"
#include "support/half_atoms.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class AtomTypes : public EachSolver {
 protected:
  /// Codes, certificates, brute-force certificates and recompositions of two dictionaries.
  void expect_same(const Dictionary& left, const Dictionary& right, const SampleProblem& sample) {
    DecomposeOptions wanted = options();
    for (const bool refit : {false, true}) {
      wanted.refit = refit;
      const DecomposeResult a = decompose(context, left, sample.view(), wanted);
      EXPECT_GT(a.codes.nnz(), 0);
      EXPECT_EQ(difference(a, decompose(context, right, sample.view(), wanted)), "");
      if (refit) continue;
      const auto proofs = certify(context, left, sample.view(), a.codes, wanted);
      const auto others = certify(context, right, sample.view(), a.codes, wanted);
      std::vector<float> back(sample.embeddings.size());
      std::vector<float> other_back(sample.embeddings.size());
      recompose(context, left, a.codes, {back.data(), sample.rows, sample.dim});
      recompose(context, right, a.codes, {other_back.data(), sample.rows, sample.dim});
      EXPECT_EQ(back, other_back);
      for (std::size_t i = 0; i < proofs.size(); ++i) {
        EXPECT_EQ(proofs[i].status, RowStatus::certified);
        EXPECT_EQ(proofs[i].gap, others[i].gap);
        EXPECT_EQ(proofs[i].kkt_violation, others[i].kkt_violation);
      }
    }
  }

  template <class T>
  void check(std::int64_t dim) {
    const SampleProblem sample = sample_problem(201, dim, test_rows(17), 301);
    const std::vector<T> half = all_rounded_to<T>(sample.dictionary);
    const std::vector<float> wide = widened(half);
    const MatrixView<const T> atoms{half.data(), sample.atoms, dim};
    const Dictionary copied(context, atoms);
    EXPECT_EQ(copied.dtype(), dtype_of<T>());
    EXPECT_FALSE(copied.in_place());
    const Dictionary float32(context, MatrixView<const float>{wide.data(), sample.atoms, dim});
    expect_same(copied, float32, sample);
    const Dictionary viewed = Dictionary::view(context, atoms);
    EXPECT_EQ(viewed.in_place(), test_device().reads_in_place && dim % 64 == 0);
    expect_same(viewed, float32, sample);
  }

  Context context{test_device().device};
};

TEST_P(AtomTypes, Float16) { check<Float16>(45); }
TEST_P(AtomTypes, Float16InPlace) { check<Float16>(64); }
TEST_P(AtomTypes, BFloat16) { check<BFloat16>(45); }
TEST_P(AtomTypes, BFloat16InPlace) { check<BFloat16>(64); }
TEST_P(AtomTypes, Float32InPlace) { check<float>(128); }

/// Zeros of either sign: a copy has none that are negative.
TEST_P(AtomTypes, NegativeZerosInPlace) {
  SampleProblem sample = sample_problem(90, 64, 9, 302);
  for (std::size_t i = 0; i < sample.dictionary.size(); i += 3)
    sample.dictionary[i] = i % 2 == 0 ? -0.0f : 0.0f;
  for (std::size_t i = 0; i < sample.embeddings.size(); i += 5) sample.embeddings[i] = -0.0f;
  expect_same(Dictionary::view(context, sample.atom_view()), Dictionary(context, sample.atom_view()), sample);
}

SPLICE_EACH_SOLVER(AtomTypes);

/// The others have no fp64 path.
class Float64Path : public AtomTypes {};

/// Penalties so small that rows leave the screened path, and more atoms than dimensions.
TEST_P(Float64Path, TinyPenalty) {
  const SampleProblem sample = sample_problem(150, 64, 6, 303);
  const std::vector<BFloat16> half = all_rounded_to<BFloat16>(sample.dictionary);
  const std::vector<float> wide = widened(half);
  const DecomposeOptions wanted = options(1e-4f);
  const DecomposeResult a = decompose(
      context, Dictionary(context, MatrixView<const BFloat16>{half.data(), 150, 64}), sample.view(), wanted);
  const DecomposeResult b = decompose(
      context, Dictionary(context, MatrixView<const float>{wide.data(), 150, 64}), sample.view(), wanted);
  EXPECT_EQ(difference(a, b), "");
}

SPLICE_WORKING_SET_ALONE(Float64Path);

TEST(AtomsInPlace, LiveAsLongAsTheDictionaryOrACopyOfIt) {
  const Context context;  // on the CPU
  const SampleProblem sample = sample_problem(70, 64, 5, 304);
  auto memory = std::make_shared<std::vector<float>>(sample.dictionary);
  const std::weak_ptr<std::vector<float>> watched = memory;
  std::unique_ptr<Dictionary> copy;
  {
    const Dictionary dictionary =
        Dictionary::view(context, MatrixView<const float>{memory->data(), 70, 64}, memory);
    memory.reset();
    copy = std::make_unique<Dictionary>(dictionary);
  }
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(difference(decompose(context, *copy, sample.view()),
                       decompose(context, Dictionary(context, sample.atom_view()), sample.view())),
            "");
  copy.reset();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace splice_cuda::testing

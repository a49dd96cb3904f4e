// Copies of a concept space, and its dictionary asked for by several threads. Run under the thread sanitizer too.

#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

TEST(SharedSpace, TheDictionaryIsMadeOnceForAllThreads) {
  const SampleProblem sample = sample_problem(200, 24, 4, 141);
  const ConceptSpace space = ConceptSpace::from_atoms(sample.atom_view());
  std::vector<const Dictionary*> seen(4, nullptr);
  std::vector<DecomposeResult> results(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&, i] {
      const Context context(Device::cpu(), {.threads = 1});
      seen[i] = &space.dictionary(context);
      results[i] = space.decompose(context, sample.view());
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 1; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i], seen[0]);
    EXPECT_EQ(difference(results[i], results[0]), "");
  }
}

TEST(SharedSpace, ACopyHasItsOwnMeanAndTheSameAtoms) {
  const SampleProblem sample = sample_problem(60, 12, 5, 142);
  const Context context;
  ConceptSpace space = ConceptSpace::from_atoms(sample.atom_view());
  const DecomposeResult before = space.decompose(context, sample.view());
  ConceptSpace copy = space;
  copy.set_image_mean(std::vector<float>(12, 0.2f));
  copy.provenance()["model"] = "another";
  EXPECT_TRUE(space.image_mean().empty());
  EXPECT_TRUE(space.provenance().empty());
  EXPECT_EQ(copy.atoms().data, space.atoms().data) << "a copy of what never changes";
  EXPECT_EQ(difference(space.decompose(context, sample.view()), before), "");
  EXPECT_NE(difference(copy.decompose(context, sample.view()), before), "");
}

/// What a copy was made from may go; so may what a space held before it was assigned to.
TEST(SharedSpace, OutlivesItsOriginalAndTakesOver) {
  const SampleProblem first = sample_problem(60, 12, 5, 143);
  const SampleProblem second = sample_problem(31, 12, 5, 144);
  const Context context;
  ConceptSpace kept = ConceptSpace::from_atoms(second.atom_view());
  const DecomposeResult other = kept.decompose(context, first.view());
  EXPECT_EQ(other.codes.cols, 31);
  DecomposeResult expected;
  {
    ConceptSpace original = ConceptSpace::from_atoms(first.atom_view());
    expected = original.decompose(context, first.view());
    kept = original;
  }
  EXPECT_EQ(difference(kept.decompose(context, first.view()), expected), "") << "solved with the atoms it had before";
  const ConceptSpace moved = std::move(kept);
  EXPECT_EQ(difference(moved.decompose(context, first.view()), expected), "");
}

}  // namespace
}  // namespace splice_cuda::testing

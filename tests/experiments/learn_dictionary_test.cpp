#include "splice_cuda/learn_dictionary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/learning_batch.hpp"
#include "experiments/seeded_random.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing::HasSubstr;

/// Rows that are non-negative sums of few of `size` planted unit atoms.
struct Planted {
  std::int64_t size = 24;
  std::int64_t dim = 20;
  std::int64_t count = 1500;
  std::vector<double> atoms;
  std::vector<float> rows;

  explicit Planted(std::uint64_t seed) : atoms(static_cast<std::size_t>(size * dim)), rows(static_cast<std::size_t>(count * dim)) {
    SeededRandom random(seed);
    for (double& value : atoms) value = random.normal();
    for (std::int64_t j = 0; j < size; ++j) scale(&atoms[static_cast<std::size_t>(j * dim)]);
    std::vector<double> row(static_cast<std::size_t>(dim));
    for (std::int64_t i = 0; i < count; ++i) {
      for (double& value : row) value = 0.01 * random.normal();
      for (int term = 0; term < 3; ++term) {
        const std::int64_t j = random.below(size);
        const double weight = 0.4 - std::log(random.uniform());
        for (std::int64_t k = 0; k < dim; ++k) row[static_cast<std::size_t>(k)] += weight * atoms[static_cast<std::size_t>(j * dim + k)];
      }
      scale(row.data());
      std::transform(row.begin(), row.end(), rows.begin() + i * dim, [](double value) { return static_cast<float>(value); });
    }
  }

  void scale(double* vector) const {
    double square = 0;
    for (std::int64_t k = 0; k < dim; ++k) square += vector[k] * vector[k];
    for (std::int64_t k = 0; k < dim; ++k) vector[k] /= std::sqrt(square);
  }
  RowReader reader() const {
    return [this](std::int64_t first, MatrixView<float> out) {
      for (std::int64_t i = 0; i < out.rows; ++i) std::copy_n(rows.data() + (first + i) * dim, dim, out.row(i));
    };
  }
  /// Share of planted atoms that some learned one has a cosine above 0.95 with.
  double recovered(const std::vector<float>& learned) const {
    std::int64_t found = 0;
    for (std::int64_t j = 0; j < size; ++j) {
      double best = -1;
      for (std::int64_t l = 0; l < static_cast<std::int64_t>(learned.size()) / dim; ++l) {
        double cosine = 0;
        for (std::int64_t k = 0; k < dim; ++k) cosine += atoms[static_cast<std::size_t>(j * dim + k)] * static_cast<double>(learned[static_cast<std::size_t>(l * dim + k)]);
        best = std::max(best, cosine);
      }
      if (best > 0.95) ++found;
    }
    return static_cast<double>(found) / static_cast<double>(size);
  }
};

LearnOptions options_for(const Planted& planted) {
  LearnOptions options;
  options.size = planted.size;
  options.l1_penalty = 0.15f;
  options.epochs = 25;
  options.batch_size = 64;
  return options;
}

double objective_of(const Planted& planted, const std::vector<float>& atoms, float l1_penalty) {
  const Context context;
  const Dictionary dictionary(context, MatrixView<const float>(atoms.data(), static_cast<std::int64_t>(atoms.size()) / planted.dim, planted.dim));
  return dictionary_objective(context, dictionary, planted.reader(), planted.count, l1_penalty);
}

TEST(LearnDictionary, FindsPlantedAtoms) {
  const Planted planted(1);
  const LearnedDictionary learned = learn_dictionary(Context(), planted.reader(), planted.count, planted.dim, options_for(planted));
  EXPECT_GE(planted.recovered(learned.atoms), 0.9);
  EXPECT_LT(learned.epochs.back().objective, learned.epochs.front().objective);
  const std::vector<float> truth(planted.atoms.begin(), planted.atoms.end());
  EXPECT_LT(objective_of(planted, learned.atoms, 0.15f), 1.05 * objective_of(planted, truth, 0.15f));
  // A comparison that could not fail would find them in what the learning starts from, too.
  LearnOptions barely = options_for(planted);
  barely.epochs = 1;
  barely.batch_size = planted.count;
  barely.sweeps = 1;
  EXPECT_LT(planted.recovered(learn_dictionary(Context(), planted.reader(), planted.count, planted.dim, barely).atoms), 0.9);
}

TEST(LearnDictionary, IsTheSameForEachThreadCount) {
  const Planted planted(2);
  LearnOptions options = options_for(planted);
  options.epochs = 3;
  const auto atoms_with = [&](int threads) {
    return learn_dictionary(Context(Device::cpu(), {.threads = threads}), planted.reader(), planted.count, planted.dim, options).atoms;
  };
  const std::vector<float> one = atoms_with(1);
  EXPECT_EQ(one, atoms_with(3));
  options.seed = 1;
  EXPECT_NE(one, atoms_with(1));
}

TEST(LearnDictionary, NeverClimbsWithAllRowsInOneBatch) {
  const Planted planted(3);
  LearnOptions options = options_for(planted);
  options.batch_size = planted.count;
  options.epochs = 12;
  const LearnedDictionary learned = learn_dictionary(Context(), planted.reader(), planted.count, planted.dim, options);
  for (std::size_t i = 1; i < learned.epochs.size(); ++i) {
    EXPECT_LT(learned.epochs[i].objective, learned.epochs[i - 1].objective * (1 + 1e-6)) << i;
  }
  for (std::int64_t j = 0; j < planted.size; ++j) {
    double square = 0;
    for (std::int64_t k = 0; k < planted.dim; ++k) {
      const auto value = static_cast<double>(learned.atoms[static_cast<std::size_t>(j * planted.dim + k)]);
      square += value * value;
    }
    EXPECT_NEAR(square, 1, 1e-6);
  }
}

TEST(LearnDictionary, GoesOnFromAStart) {
  const Planted planted(4);
  LearnOptions options = options_for(planted);
  const std::vector<float> truth(planted.atoms.begin(), planted.atoms.end());
  options.start = {truth.data(), planted.size, planted.dim};
  options.epochs = 1;
  EXPECT_EQ(planted.recovered(learn_dictionary(Context(), planted.reader(), planted.count, planted.dim, options).atoms), 1.0);
}

TEST(LearnDictionary, ReplacesAtomsThatNobodyUses) {
  const Planted planted(5);
  LearnOptions options = options_for(planted);
  // All atoms start as one direction and its opposites: most rows are explained by none.
  std::vector<float> start(static_cast<std::size_t>(planted.size * planted.dim), 0.0f);
  for (std::int64_t j = 0; j < planted.size; ++j) start[static_cast<std::size_t>(j * planted.dim)] = 1;
  options.start = {start.data(), planted.size, planted.dim};
  const LearnedDictionary learned = learn_dictionary(Context(), planted.reader(), planted.count, planted.dim, options);
  std::int64_t replaced = 0;
  for (const LearnEpoch& epoch : learned.epochs) replaced += epoch.replaced;
  EXPECT_GE(replaced, planted.size / 2);
  EXPECT_EQ(learned.epochs.back().replaced, 0);  // nobody would refine them
  EXPECT_GE(planted.recovered(learned.atoms), 0.85);
  EXPECT_EQ(std::count(learned.uses.begin(), learned.uses.end(), 0), learned.epochs.back().unused);
}

TEST(LearnDictionary, LeavesOutRowsWithoutADirection) {
  Planted planted(6);
  for (std::int64_t k = 0; k < planted.dim; ++k) planted.rows[static_cast<std::size_t>(7 * planted.dim + k)] = 0;
  planted.rows[static_cast<std::size_t>(9 * planted.dim)] = std::numeric_limits<float>::quiet_NaN();
  planted.rows[static_cast<std::size_t>(11 * planted.dim)] = std::numeric_limits<float>::infinity();
  LearnOptions options = options_for(planted);
  options.epochs = 2;
  const LearnedDictionary learned = learn_dictionary(Context(), planted.reader(), planted.count, planted.dim, options);
  EXPECT_EQ(learned.zero_rows, 1);
  EXPECT_EQ(learned.non_finite_rows, 2);
  EXPECT_EQ(learned.epochs.back().rows, planted.count - 3);
  EXPECT_TRUE(std::all_of(learned.atoms.begin(), learned.atoms.end(), [](float value) { return std::isfinite(value); }));
}

TEST(LearnDictionary, NamesWhatIsWrong) {
  const Planted planted(7);
  const auto message = [&](const std::function<void(LearnOptions&)>& change) {
    LearnOptions options = options_for(planted);
    change(options);
    try {
      learn_dictionary(Context(), planted.reader(), planted.count, planted.dim, options);
    } catch (const ArgumentError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message([](LearnOptions& o) { o.size = 0; }), HasSubstr("size: got 0"));
  EXPECT_THAT(message([](LearnOptions& o) { o.size = 1501; }), HasSubstr("at most the 1500 rows"));
  EXPECT_THAT(message([](LearnOptions& o) { o.l1_penalty = 0; }), HasSubstr("l1_penalty: got 0"));
  EXPECT_THAT(message([](LearnOptions& o) { o.epochs = 0; }), HasSubstr("epochs"));
  const std::vector<float> zeros(static_cast<std::size_t>(planted.size * planted.dim), 0.0f);
  EXPECT_THAT(message([&](LearnOptions& o) { o.start = {zeros.data(), planted.size, planted.dim}; }), HasSubstr("atom 0 that is zero"));
  EXPECT_THAT(message([&](LearnOptions& o) { o.start = {zeros.data(), 3, planted.dim}; }), HasSubstr("start: got 3 atoms"));
}

TEST(LearningBatch, TakesTheMinimiserOverTheSphere) {
  // Two atoms, two rows, by hand: row 0 = both atoms, row 1 = the second alone.
  const std::vector<float> rows = {1, 0.5f, 0.25f, 1};
  const SparseCodes codes{2, 2, {0, 2, 3}, {0, 1, 1}, {2, 0.5f, 1}};
  std::vector<double> atoms = {1, 0, 0, 1};
  const std::vector<float> previous = {1, 0, 0, 1};
  const std::vector<double> history = {3, 0};
  LearningBatch batch(MatrixView<const float>(rows.data(), 2, 2), codes, MatrixView<const double>(atoms.data(), 2, 2));
  EXPECT_THAT(batch.curvature(), testing::ElementsAre(4, 1.25));
  batch.update({atoms.data(), 2, 2}, MatrixView<const float>(previous.data(), 2, 2), history);
  // Atom 0: 2 (row 0 - 0.5 atom 1) + 3 previous = 2 (1, 0) + (3, 0), which keeps its direction.
  EXPECT_DOUBLE_EQ(atoms[0], 1);
  EXPECT_DOUBLE_EQ(atoms[1], 0);
  // Atom 1: 0.5 (row 0 - 2 atom 0) + 1 row 1 = 0.5 (-1, 0.5) + (0.25, 1) = (-0.25, 1.25).
  const double length = std::hypot(0.25, 1.25);
  EXPECT_NEAR(atoms[2], -0.25 / length, 1e-15);
  EXPECT_NEAR(atoms[3], 1.25 / length, 1e-15);
  const std::vector<double> squares = batch.squared_residuals();
  EXPECT_NEAR(squares[0], std::pow(1 - 2 - 0.5 * atoms[2], 2) + std::pow(0.5 - 0.5 * atoms[3], 2), 1e-14);
  EXPECT_NEAR(squares[1], std::pow(0.25 - atoms[2], 2) + std::pow(1 - atoms[3], 2), 1e-14);
}

}  // namespace
}  // namespace splice_cuda

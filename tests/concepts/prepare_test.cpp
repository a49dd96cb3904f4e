// normalise -> centre -> normalise, by hand and in every input type; decompose is prepare, then decompose.

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/half.hpp"
#include "io/thrown_message.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"
#include "support/special_numbers.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Prepare : public ::testing::Test {
 protected:
  Prepare() { space.set_image_mean({0.6f, 0.0f}); }

  std::vector<float> prepare(const std::vector<float>& raw, const PrepareOptions& options = {}) const {
    std::vector<float> out(raw.size(), 77.0f);
    const auto rows = static_cast<std::int64_t>(raw.size()) / 2;
    space.prepare(MatrixView<const float>{raw.data(), rows, 2}, {out.data(), rows, 2}, options);
    return out;
  }

  std::vector<float> atoms = {1, 0, 0, 1};
  ConceptSpace space = ConceptSpace::from_atoms(MatrixView<const float>{atoms.data(), 2, 2});
};

/// (3, 4): unit (0.6, 0.8), minus (0.6, 0) is (0, 0.8), unit (0, 1).
TEST_F(Prepare, AsWorkedOutByHand) {
  const std::vector<float> out = prepare({3, 4, 0, -2});
  EXPECT_NEAR(out[0], 0.0f, 1e-7);
  EXPECT_FLOAT_EQ(out[1], 1.0f);
  EXPECT_FLOAT_EQ(out[2], static_cast<float>(-0.6 / std::sqrt(1.36)));
  EXPECT_FLOAT_EQ(out[3], static_cast<float>(-1.0 / std::sqrt(1.36)));
}

TEST_F(Prepare, WithoutCentringOrAltogether) {
  const std::vector<float> unit = prepare({3, 4}, {.center = false});
  EXPECT_FLOAT_EQ(unit[0], 0.6f);
  EXPECT_FLOAT_EQ(unit[1], 0.8f);
  EXPECT_EQ(prepare({3, 4, 1e-20f, -7}, {.normalize = false}), (std::vector<float>{3, 4, 1e-20f, -7}));
  space.set_image_mean({});
  EXPECT_FLOAT_EQ(prepare({3, 4})[0], 0.6f) << "no mean: nothing is subtracted";
}

TEST_F(Prepare, ZeroAndNonFiniteRowsPassUnchanged) {
  const std::vector<float> raw = {0, 0, nan, 1, 1, -inf, -0.0f, 0};
  const std::vector<float> out = prepare(raw);
  EXPECT_EQ(out[0], 0.0f);
  EXPECT_EQ(out[1], 0.0f);
  EXPECT_TRUE(std::isnan(out[2]));
  EXPECT_EQ(out[3], 1.0f);
  EXPECT_EQ(out[4], 1.0f);
  EXPECT_EQ(out[5], -inf);
  EXPECT_EQ(out[6], 0.0f);
}

/// A row that is its own mean has no direction left; decompose calls it a zero embedding.
TEST_F(Prepare, ARowEqualToTheMeanBecomesZero) {
  space.set_image_mean({1.0f, 0.0f});
  EXPECT_EQ(prepare({5, 0}), (std::vector<float>{0, 0}));
  const std::vector<float> row = {5, 0};
  const DecomposeResult result = space.decompose(Context(), MatrixView<const float>{row.data(), 1, 2});
  EXPECT_EQ(result.reports[0].status, RowStatus::zero_embedding);
}

/// The largest and smallest numbers of float32: squares are summed in fp64.
TEST_F(Prepare, ExtremeRowsHaveADirection) {
  for (const float size : {3e38f, 1e-38f}) {
    const std::vector<float> out = prepare({size, 0}, {.center = false});
    EXPECT_EQ(out[0], 1.0f) << size;
  }
}

TEST_F(Prepare, ReadsHalvesAndStrides) {
  const std::vector<float> wide = {3, 4, 0, -2};
  const std::vector<float> expected = prepare(wide);
  std::vector<Float16> half;
  std::vector<BFloat16> brain;
  for (std::size_t i = 0; i < 4; ++i) {
    half.push_back(to_float16(wide[i]));
    brain.push_back(to_bfloat16(wide[i]));
    if (i % 2 == 1) half.push_back({0x7fff});
  }
  std::vector<float> out(8, 77.0f);
  space.prepare(MatrixView<const Float16>{half.data(), 2, 2, 3}, {out.data(), 2, 2, 4});
  for (const std::size_t i : {0, 1}) {
    EXPECT_EQ(out[i], expected[i]);
    EXPECT_EQ(out[4 + i], expected[2 + i]);
    EXPECT_EQ(out[2 + i], 77.0f) << "written between the rows";
  }
  space.prepare(MatrixView<const BFloat16>{brain.data(), 2, 2}, {out.data(), 2, 2});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(out[i], expected[i]);
}

TEST_F(Prepare, RefusesWhatDoesNotFit) {
  std::vector<float> raw(6, 1.0f);
  std::vector<float> out(6);
  const MatrixView<const float> view{raw.data(), 3, 2};
  const auto message = [&](MatrixView<const float> from, MatrixView<float> to) {
    return argument_error([&] { space.prepare(from, to); });
  };
  EXPECT_THAT(message({raw.data(), 2, 3}, {out.data(), 2, 3}), AllOf(HasSubstr("embeddings: got 3 columns"), HasSubstr("2")));
  EXPECT_THAT(message(view, {out.data(), 2, 2}), AllOf(HasSubstr("out: got shape [2, 2]"), HasSubstr("[3, 2]")));
  EXPECT_THAT(message(view, {out.data(), 3, 2, 1}), HasSubstr("out: got leading dimension 1"));
  EXPECT_THAT(message(view, {nullptr, 3, 2}), HasSubstr("out: got a null pointer"));
  EXPECT_THAT(message(view, {out.data(), 3, 2, 2, Device::cuda(0)}), HasSubstr("out: got data on cuda:0"));
  EXPECT_THAT(message({raw.data(), 3, 2, 2, Device::cuda(0)}, {out.data(), 3, 2}), HasSubstr("embeddings: got data on cuda:0"));
  EXPECT_THAT(message({nullptr, 3, 2}, {out.data(), 3, 2}), HasSubstr("embeddings: got a null pointer"));
}

/// Random rows, more than are prepared at once, each with its own penalty and start.
class SpaceDecompose : public ::testing::Test {
 protected:
  SpaceDecompose() {
    std::vector<float> mean(12, 0.01f);
    mean[3] = 0.3f;
    space.set_image_mean(mean);
    for (std::int64_t i = 0; i < sample.rows; ++i) penalties.push_back(0.2f + 0.1f * static_cast<float>(i % 3));
    options.l1_penalties = penalties;
    prepared.resize(sample.embeddings.size());
    space.prepare(sample.view(), {prepared.data(), sample.rows, sample.dim});
  }

  SampleProblem sample = sample_problem(40, 12, 8200, 121);  // 8,192 rows are prepared at once
  ConceptSpace space = ConceptSpace::from_atoms(sample.atom_view());
  Context context;
  std::vector<float> penalties;
  std::vector<float> prepared;
  DecomposeOptions options;
};

TEST_F(SpaceDecompose, IsPrepareThenDecompose) {
  const MatrixView<const float> view{prepared.data(), sample.rows, sample.dim};
  const DecomposeResult by_hand = decompose(context, space.dictionary(context), view, options);
  EXPECT_EQ(difference(space.decompose(context, sample.view(), options), by_hand), "");
  options.warm_start = &by_hand.codes;
  EXPECT_EQ(difference(space.decompose(context, sample.view(), options),
                       decompose(context, space.dictionary(context), view, options)), "");
  EXPECT_EQ(difference(space.decompose(context, view, options, {.normalize = false}),
                       decompose(context, space.dictionary(context), view, options)), "");
}

TEST_F(SpaceDecompose, ProgressCountsTheWholeBatch) {
  std::vector<std::int64_t> told;
  ContextOptions resources;
  resources.progress = [&](std::int64_t done, std::int64_t all) {
    EXPECT_EQ(all, 8200);
    told.push_back(done);
  };
  space.decompose(Context(Device::cpu(), resources), sample.view(), options);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), 8200);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
}

/// Wrong arguments are found before any work, and named by their place in the whole batch.
TEST_F(SpaceDecompose, ChecksTheWholeBatchFirst) {
  int told = 0;
  ContextOptions resources;
  resources.progress = [&](std::int64_t, std::int64_t) { ++told; };
  const Context watched(Device::cpu(), resources);
  penalties[8199] = -1;
  EXPECT_THAT(argument_error([&] { space.decompose(watched, sample.view(), options); }),
              HasSubstr("l1_penalties[8199]: got -1"));
  penalties.pop_back();
  options.l1_penalties = penalties;
  EXPECT_THAT(argument_error([&] { space.decompose(watched, sample.view(), options); }),
              HasSubstr("l1_penalties: got 8199 entries"));
  options.l1_penalties = {};
  const SparseCodes start{.rows = 1, .cols = 40, .row_offsets = {0, 0}, .atom_indices = {}, .values = {}};
  options.warm_start = &start;
  EXPECT_THAT(argument_error([&] { space.decompose(watched, sample.view(), options); }),
              HasSubstr("warm_start: got shape [1, 40]"));
  EXPECT_EQ(told, 0);
}

/// Chunks of a large batch do not show: every penalty's result is that of the prepared rows.
TEST(DecomposePathOfASpace, IsPrepareThenDecomposePath) {
  const SampleProblem sample = sample_problem(60, 12, 8200, 77);
  const ConceptSpace space = ConceptSpace::from_atoms(sample.atom_view());
  const Context context;
  std::vector<float> z(sample.embeddings.size());
  space.prepare(sample.view(), MatrixView<float>{z.data(), sample.rows, sample.dim});
  const MatrixView<const float> view{z.data(), sample.rows, sample.dim};
  const std::vector<float> penalties = {0.8f, 0.6f};
  const auto whole = space.decompose_path(context, sample.view(), penalties);
  const auto by_hand = decompose_path(context, space.dictionary(context), view, penalties);
  ASSERT_EQ(whole.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(difference(whole[i], by_hand[i]), "");
  const auto raw = space.decompose_path(context, view, penalties, {}, {.normalize = false});
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(difference(raw[i], by_hand[i]), "");
}

}  // namespace
}  // namespace splice_cuda::testing

// Codes back to unit embeddings, and the cosine with what they came from.

#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/thrown_message.hpp"
#include "splice_cuda/splice_cuda.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::HasSubstr;

class SpaceRecompose : public ::testing::Test {
 protected:
  std::vector<float> recompose() const {
    std::vector<float> out(4, 77.0f);
    space.recompose(context, codes, {out.data(), 2, 2});
    return out;
  }

  Context context;
  std::vector<float> atoms = {1, 0, 0, 1};
  ConceptSpace space = ConceptSpace::from_atoms(MatrixView<const float>{atoms.data(), 2, 2});
  /// Row 0 is 3 c_0 + 4 c_1, row 1 is empty.
  SparseCodes codes{.rows = 2, .cols = 2, .row_offsets = {0, 2, 2}, .atom_indices = {0, 1}, .values = {3, 4}};
};

TEST_F(SpaceRecompose, WithoutAMean) {
  const std::vector<float> out = recompose();
  EXPECT_FLOAT_EQ(out[0], 0.6f);
  EXPECT_FLOAT_EQ(out[1], 0.8f);
  EXPECT_EQ(out[2], 0.0f) << "an empty code has no direction";
  EXPECT_EQ(out[3], 0.0f);
}

/// (0.6, 0.8) + (0, -0.35) = (0.6, 0.45) = 0.75 (0.8, 0.6); the empty code gives the mean's direction.
TEST_F(SpaceRecompose, WithAMean) {
  space.set_image_mean({0.0f, -0.35f});
  const std::vector<float> out = recompose();
  EXPECT_FLOAT_EQ(out[0], 0.8f);
  EXPECT_FLOAT_EQ(out[1], 0.6f);
  EXPECT_EQ(out[2], 0.0f);
  EXPECT_FLOAT_EQ(out[3], -1.0f);
}

TEST_F(SpaceRecompose, CosineIsWithTheRawRow) {
  space.set_image_mean({0.0f, -0.35f});
  const std::vector<float> raw = {50, 0, 0, 2};  // unit (1, 0) and (0, 1)
  const std::vector<float> cosines = space.cosine(context, MatrixView<const float>{raw.data(), 2, 2}, codes);
  ASSERT_EQ(cosines.size(), 2u);
  EXPECT_FLOAT_EQ(cosines[0], 0.8f);
  EXPECT_FLOAT_EQ(cosines[1], -1.0f);
}

TEST_F(SpaceRecompose, CosineOfZeroAndNonFiniteRowsIsZero) {
  const std::vector<float> raw = {0, 0, std::numeric_limits<float>::quiet_NaN(), 1};
  EXPECT_THAT(space.cosine(context, MatrixView<const float>{raw.data(), 2, 2}, codes), ::testing::ElementsAre(0.0f, 0.0f));
}

TEST_F(SpaceRecompose, RefusesWhatDoesNotFit) {
  std::vector<float> raw(6, 1.0f);
  EXPECT_THAT(argument_error([&] { space.cosine(context, MatrixView<const float>{raw.data(), 3, 2}, codes); }),
              HasSubstr("codes: got shape [2, 2], expected [3, 2]"));
  EXPECT_THAT(argument_error([&] { space.cosine(context, MatrixView<const float>{raw.data(), 2, 3}, codes); }),
              HasSubstr("embeddings: got 3 columns"));
  EXPECT_THAT(argument_error([&] { space.recompose(context, codes, {raw.data(), 3, 2}); }), HasSubstr("codes: got shape [2, 2]"));
  EXPECT_THAT(argument_error([&] { space.recompose(context, codes, {raw.data(), 2, 3}); }),
              HasSubstr("reconstruction: got 3 columns"));
}

/// More rows than are recomposed at once.
TEST_F(SpaceRecompose, CosineOfALongBatch) {
  constexpr std::int64_t rows = 8193;
  SparseCodes longer{.rows = rows, .cols = 2, .row_offsets = {0}, .atom_indices = {}, .values = {}};
  std::vector<float> raw;
  for (std::int32_t i = 0; i < rows; ++i) {
    longer.atom_indices.push_back(i % 2);
    longer.values.push_back(0.5f);
    longer.row_offsets.push_back(longer.nnz());
    raw.insert(raw.end(), {i % 2 == 0 ? 2.0f : 0.0f, i % 2 == 0 ? 0.0f : 2.0f});
  }
  for (const float cosine : space.cosine(context, MatrixView<const float>{raw.data(), rows, 2}, longer)) {
    ASSERT_EQ(cosine, 1.0f);
  }
}

}  // namespace
}  // namespace splice_cuda::testing

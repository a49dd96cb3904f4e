#include "splice_cuda/edit_codes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "splice_cuda/error.hpp"
#include "splice_cuda/matched_atoms.hpp"

namespace splice_cuda {
namespace {

using testing::ElementsAre;
using Dense = std::vector<std::vector<float>>;

Dense dense_of(const SparseCodes& codes) {
  Dense rows(static_cast<std::size_t>(codes.rows), std::vector<float>(static_cast<std::size_t>(codes.cols), 0.0f));
  for (std::int64_t i = 0; i < codes.rows; ++i) {
    for (std::size_t k = 0; k < codes.row_atoms(i).size(); ++k) {
      rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(codes.row_atoms(i)[k])] = codes.row_values(i)[k];
    }
  }
  return rows;
}

SparseCodes sparse_of(const Dense& rows, std::int64_t columns) {
  SparseCodes codes{static_cast<std::int64_t>(rows.size()), columns, {0}, {}, {}};
  for (const auto& row : rows) {
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (row[k] == 0) continue;
      codes.atom_indices.push_back(static_cast<std::int32_t>(k));
      codes.values.push_back(row[k]);
    }
    codes.row_offsets.push_back(codes.nnz());
  }
  return codes;
}

void expect_sound(const SparseCodes& codes) {
  ASSERT_EQ(static_cast<std::int64_t>(codes.row_offsets.size()), codes.rows + 1);
  for (std::int64_t i = 0; i < codes.rows; ++i) {
    for (std::size_t k = 0; k < codes.row_atoms(i).size(); ++k) {
      EXPECT_NE(codes.row_values(i)[k], 0);
      if (k > 0) {
        EXPECT_LT(codes.row_atoms(i)[k - 1], codes.row_atoms(i)[k]);
      }
    }
  }
}

TEST(CodeEdit, RemovesScalesAndForces) {
  const Dense before = {{1, 2, 0, 4, 0}, {0, 0, 0, 0, 0}, {0, 5, 0, 0, 6}};
  CodeEdit edit(5);
  edit.remove(1);
  edit.scale(3, 0.5f);
  edit.force(2, 7);
  edit.force(4, 8);
  const SparseCodes codes = edit.apply(sparse_of(before, 5));
  expect_sound(codes);
  EXPECT_EQ(dense_of(codes), (Dense{{1, 0, 7, 2, 8}, {0, 0, 7, 0, 8}, {0, 0, 7, 0, 8}}));
  EXPECT_THAT(edit.removed(), ElementsAre(1));
  EXPECT_FALSE(edit.only_removes());
}

TEST(CodeEdit, NothingIsForcedIntoRowsWithoutEmbedding) {
  CodeEdit edit(2);
  edit.force(0, 1);
  std::vector<RowReport> reports(3);
  reports[0].status = RowStatus::certified;
  reports[1].status = RowStatus::non_finite_input;
  reports[2].status = RowStatus::zero_embedding;
  EXPECT_EQ(dense_of(edit.apply(sparse_of({{0, 3}, {0, 0}, {0, 0}}, 2), reports)), (Dense{{1, 3}, {0, 0}, {0, 0}}));
  EXPECT_THROW(edit.apply(sparse_of({{0, 3}}, 2), reports), ArgumentError);
}

TEST(CodeEdit, FactorsAndWeightsOfZeroRemove) {
  CodeEdit edit(4);
  EXPECT_TRUE(edit.empty());
  edit.scale(2, 0);
  edit.force(0, 0);
  edit.remove(3);
  EXPECT_THAT(edit.removed(), ElementsAre(0, 2, 3));
  EXPECT_TRUE(edit.only_removes());
  const SparseCodes codes = edit.apply(sparse_of({{1, 1, 1, 1}}, 4));
  expect_sound(codes);
  EXPECT_EQ(dense_of(codes), (Dense{{0, 1, 0, 0}}));
}

TEST(CodeEdit, AgreesWithDenseArithmetic) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (int trial = 0; trial < 50; ++trial) {
    Dense rows(7, std::vector<float>(9, 0.0f));
    for (auto& row : rows) {
      for (float& value : row) value = uniform(random) < 0.5f ? uniform(random) : 0;
    }
    CodeEdit edit(9);
    Dense expected = rows;
    for (std::int32_t atom = 0; atom < 9; ++atom) {
      const float kind = uniform(random);
      const float number = uniform(random) < 0.3f ? 0 : uniform(random);
      if (kind < 0.3f) edit.scale(atom, number);
      else if (kind < 0.6f) edit.force(atom, number);
      for (auto& row : expected) {
        float& value = row[static_cast<std::size_t>(atom)];
        value = kind < 0.3f ? value * number : kind < 0.6f ? number : value;
      }
    }
    const SparseCodes codes = edit.apply(sparse_of(rows, 9));
    expect_sound(codes);
    EXPECT_EQ(dense_of(codes), expected);
  }
}

TEST(CodeEdit, SaysWhatIsWrong) {
  CodeEdit edit(3);
  edit.remove(1);
  EXPECT_THROW(edit.scale(1, 2), ArgumentError) << "an atom with an edit already";
  EXPECT_THROW(edit.remove(3), ArgumentError);
  EXPECT_THROW(edit.remove(-1), ArgumentError);
  EXPECT_THROW(edit.scale(0, -1), ArgumentError);
  EXPECT_THROW(edit.force(0, NAN), ArgumentError);
  EXPECT_THROW(edit.force(0, INFINITY), ArgumentError);
  EXPECT_THROW(edit.apply(sparse_of({{1, 2}}, 2)), ArgumentError);
  EXPECT_THROW(CodeEdit(-1), ArgumentError);
}

TEST(MatchedAtoms, AreUsedAboutAsOften) {
  std::vector<std::int64_t> frequency(200);
  for (std::size_t i = 0; i < frequency.size(); ++i) frequency[i] = static_cast<std::int64_t>(i * 10);
  const std::vector<std::int32_t> atoms = {20, 100, 199};
  const std::vector<std::int32_t> excluded = {101, 99};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<std::int32_t> chosen = matched_atoms(atoms, excluded, frequency, seed);
    ASSERT_EQ(chosen.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NE(chosen[i], atoms[i]);
      EXPECT_LE(std::abs(chosen[i] - atoms[i]), 11);
    }
    EXPECT_THAT(chosen, testing::Not(testing::Contains(testing::AnyOf(99, 101))));
    EXPECT_EQ(chosen, matched_atoms(atoms, excluded, frequency, seed));
  }
  EXPECT_NE(matched_atoms(atoms, {}, frequency, 1), matched_atoms(atoms, {}, frequency, 2));
}

TEST(MatchedAtoms, AreFewerWhereThereAreNoMore) {
  const std::vector<std::int64_t> frequency = {5, 5, 0, 1};
  EXPECT_THAT(matched_atoms(std::vector<std::int32_t>{0, 1, 2}, {}, frequency, 0), ElementsAre(3));
  EXPECT_TRUE(matched_atoms({}, {}, frequency, 0).empty());
  EXPECT_THROW(matched_atoms(std::vector<std::int32_t>{4}, {}, frequency, 0), ArgumentError);
  EXPECT_THROW(matched_atoms({}, std::vector<std::int32_t>{-1}, frequency, 0), ArgumentError);
}

}  // namespace
}  // namespace splice_cuda

#include "splice_cuda/code_statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "experiments/random_codes.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using testing::Each;
using testing::ElementsAre;

constexpr std::int64_t sample_rows = 211;
constexpr std::int32_t concepts = 17;

/// Three groups, rows of no group, rows without an embedding, and a concept (16) that never occurs.
struct Sample {
  SparseCodes codes = random_codes(sample_rows, concepts - 1, 0.2, 3);
  std::vector<std::int32_t> groups;
  std::vector<RowReport> reports;
  std::vector<float> cosine;

  Sample() {
    codes.cols = concepts;
    for (std::int64_t row = 0; row < sample_rows; ++row) {
      groups.push_back(static_cast<std::int32_t>(row * row % 4) == 1 && row % 3 == 0 ? -1 : static_cast<std::int32_t>(row * 7 % 3));
      RowReport report;
      report.status = row % 19 == 4 ? RowStatus::zero_embedding : row % 23 == 5 ? RowStatus::non_finite_input
                    : row % 29 == 6 ? RowStatus::budget_exhausted : RowStatus::certified;
      report.gap = report.status == RowStatus::non_finite_input ? std::nan("") : row % 5 == 0 ? 0 : std::pow(10.0, -static_cast<double>(row % 12) - 0.5);
      reports.push_back(report);
      cosine.push_back(static_cast<float>(0.3 + 0.001 * static_cast<double>(row)));
    }
  }
  bool counted(std::int64_t row, std::int32_t group) const {
    const RowStatus status = reports[static_cast<std::size_t>(row)].status;
    return groups[static_cast<std::size_t>(row)] == group && status != RowStatus::zero_embedding && status != RowStatus::non_finite_input;
  }
  CodeStatistics statistics(std::int64_t block) const {
    CodeStatistics all(3);
    for (std::int64_t first = 0; first < sample_rows; first += block) {
      const std::int64_t count = std::min(block, sample_rows - first);
      const auto from = static_cast<std::size_t>(first);
      const auto size = static_cast<std::size_t>(count);
      all.add(std::span(groups).subspan(from, size), slice_rows(codes, first, count), std::span(reports).subspan(from, size),
              std::span(cosine).subspan(from, size));
    }
    return all;
  }
};

TEST(CodeStatistics, AgreeWithDenseMeans) {
  const Sample sample;
  const CodeStatistics all = sample.statistics(sample_rows);
  for (std::int32_t group = 0; group < 3; ++group) {
    std::vector<std::int64_t> members;
    for (std::int64_t row = 0; row < sample_rows; ++row) {
      if (sample.counted(row, group)) members.push_back(row);
    }
    const auto n = static_cast<double>(members.size());
    const GroupStatistics& found = all.group(group);
    EXPECT_EQ(found.rows(), static_cast<std::int64_t>(members.size()));
    double l0 = 0;
    double cosine = 0;
    for (const std::int64_t row : members) {
      l0 += static_cast<double>(sample.codes.l0(row)) / n;
      cosine += static_cast<double>(sample.cosine[static_cast<std::size_t>(row)]) / n;
    }
    EXPECT_NEAR(found.l0().mean, l0, 1e-12);
    EXPECT_NEAR(found.cosine().mean, cosine, 1e-12);
    for (std::int32_t atom = 0; atom < concepts; ++atom) {
      double mean = 0;
      std::int64_t with = 0;
      for (const std::int64_t row : members) mean += weight_at(sample.codes, row, atom) / n;
      double squares = 0;
      for (const std::int64_t row : members) {
        squares += std::pow(weight_at(sample.codes, row, atom) - mean, 2);
        with += weight_at(sample.codes, row, atom) > 0 ? 1 : 0;
      }
      const ConceptMean one = found.concept_mean(atom);
      EXPECT_NEAR(one.mean, mean, 1e-14);
      EXPECT_NEAR(one.standard_error, std::sqrt(squares / (n - 1) / n), 1e-14);
      EXPECT_EQ(one.rows, with);
      EXPECT_NEAR(one.share, static_cast<double>(with) / n, 1e-15);
    }
    EXPECT_EQ(found.concepts().size(), 16);  // the one that never occurs takes no room
  }
}

TEST(CodeStatistics, CountRowsByStatusAndGroup) {
  const Sample sample;
  const CodeStatistics all = sample.statistics(sample_rows);
  std::int64_t ungrouped = 0;
  std::array<std::int64_t, 4> statuses{};
  for (std::int64_t row = 0; row < sample_rows; ++row) {
    const auto i = static_cast<std::size_t>(row);
    if (sample.groups[i] < 0) ++ungrouped;
    else ++statuses[static_cast<std::size_t>(sample.reports[i].status)];
  }
  ASSERT_GT(ungrouped, 0);
  EXPECT_EQ(all.ungrouped(), ungrouped);
  const GroupStatistics together = all.together();
  for (const RowStatus status : {RowStatus::certified, RowStatus::budget_exhausted, RowStatus::non_finite_input, RowStatus::zero_embedding}) {
    ASSERT_GT(statuses[static_cast<std::size_t>(status)], 0);
    EXPECT_EQ(together.count(status), statuses[static_cast<std::size_t>(status)]);
  }
}

TEST(CodeStatistics, AreTheSameBitsForAnyBlocks) {
  const Sample sample;
  const CodeStatistics whole = sample.statistics(sample_rows);
  for (const std::int64_t block : {1, 13, 64}) {
    const CodeStatistics parts = sample.statistics(block);
    for (std::int32_t group = 0; group < 3; ++group) {
      const auto expected = whole.group(group).concepts();
      const auto found = parts.group(group).concepts();
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].mean, expected[i].mean);
        EXPECT_EQ(found[i].standard_error, expected[i].standard_error);
      }
      EXPECT_EQ(parts.group(group).cosine().mean, whole.group(group).cosine().mean);
    }
  }
}

TEST(CodeStatistics, MergeWhatTwoWalksFound) {
  const Sample sample;
  const CodeStatistics whole = sample.statistics(sample_rows);
  CodeStatistics first(3);
  CodeStatistics second(3);
  first.add(std::span(sample.groups).first(100), slice_rows(sample.codes, 0, 100), std::span(sample.reports).first(100), std::span(sample.cosine).first(100));
  second.add(std::span(sample.groups).subspan(100), slice_rows(sample.codes, 100, sample_rows - 100), std::span(sample.reports).subspan(100),
             std::span(sample.cosine).subspan(100));
  first.merge(second);
  for (std::int32_t group = 0; group < 3; ++group) {
    const GroupStatistics& found = first.group(group);
    const GroupStatistics& expected = whole.group(group);
    EXPECT_EQ(found.rows(), expected.rows());
    for (const ConceptMean& mean : expected.concepts()) {
      const ConceptMean one = found.concept_mean(mean.atom);
      EXPECT_EQ(one.rows, mean.rows);
      EXPECT_NEAR(one.mean, mean.mean, 1e-15);
      EXPECT_NEAR(one.standard_error, mean.standard_error, 1e-14);
    }
    for (std::int64_t bin = 0; bin < 40; ++bin) EXPECT_EQ(found.cosine_histogram().count(bin), expected.cosine_histogram().count(bin));
    for (std::int64_t bin = 0; bin < 17; ++bin) EXPECT_EQ(found.gap_histogram().count(bin), expected.gap_histogram().count(bin));
  }
  EXPECT_THROW(first.merge(CodeStatistics(2)), ArgumentError);
}

TEST(CodeStatistics, RankBySizeThenByAtom) {
  SparseCodes codes{1, 4, {0, 3}, {0, 1, 3}, {0.5f, 0.75f, 0.5f}};
  CodeStatistics all(2);
  const std::vector<std::int32_t> groups = {1};
  all.add(groups, codes, {}, {});
  const std::vector<ConceptMean> largest = all.group(1).largest(2);
  ASSERT_EQ(largest.size(), 2);
  EXPECT_EQ(largest[0].atom, 1);
  EXPECT_EQ(largest[1].atom, 0);
  EXPECT_TRUE(std::isnan(largest[0].standard_error));  // one row has no spread
  EXPECT_EQ(all.group(1).count(RowStatus::certified), 0);  // what is not known is not claimed
  EXPECT_EQ(all.group(0).rows(), 0);
  EXPECT_TRUE(std::isnan(all.group(0).concept_mean(1).mean));
  EXPECT_THAT(all.group(0).largest(3), testing::IsEmpty());
}

TEST(CodeStatistics, HistogramsHoldEveryRowOnce) {
  const Sample sample;
  const GroupStatistics group = sample.statistics(sample_rows).together();
  std::vector<std::int64_t> l0(129, 0);
  std::int64_t zero_gaps = 0;
  for (std::int64_t row = 0; row < sample_rows; ++row) {
    const bool counted = sample.counted(row, 0) || sample.counted(row, 1) || sample.counted(row, 2);
    if (!counted) continue;
    ++l0[static_cast<std::size_t>(sample.codes.l0(row))];
    zero_gaps += sample.reports[static_cast<std::size_t>(row)].gap == 0 ? 1 : 0;
  }
  for (std::int64_t bin = 0; bin < 129; ++bin) EXPECT_EQ(group.l0_histogram().count(bin), l0[static_cast<std::size_t>(bin)]);
  EXPECT_EQ(group.gap_histogram().count(0), zero_gaps);
}

TEST(CodeStatistics, CosineOfMeansIsThatOfDenseVectors) {
  const Sample sample;
  const CodeStatistics all = sample.statistics(sample_rows);
  double product = 0;
  double a = 0;
  double b = 0;
  for (std::int32_t atom = 0; atom < concepts; ++atom) {
    const double x = all.group(0).concept_mean(atom).mean;
    const double y = all.group(2).concept_mean(atom).mean;
    product += x * y;
    a += x * x;
    b += y * y;
  }
  EXPECT_NEAR(cosine_of_means(all.group(0), all.group(2)), product / std::sqrt(a * b), 1e-14);
  EXPECT_NEAR(cosine_of_means(all.group(1), all.group(1)), 1, 1e-14);
  EXPECT_TRUE(std::isnan(cosine_of_means(all.group(1), CodeStatistics(1).group(0))));
}

TEST(CodeStatistics, RefuseWhatDoesNotFit) {
  const Sample sample;
  CodeStatistics two(2);
  EXPECT_THROW(two.add(sample.groups, sample.codes, sample.reports, sample.cosine), ArgumentError);
  CodeStatistics three(3);
  EXPECT_THROW(three.add(std::span(sample.groups).first(5), sample.codes, {}, {}), ArgumentError);
  EXPECT_THROW(three.add(sample.groups, sample.codes, std::span(sample.reports).first(5), {}), ArgumentError);
  EXPECT_THROW(three.add(sample.groups, sample.codes, {}, std::span(sample.cosine).first(5)), ArgumentError);
}

}  // namespace
}  // namespace splice_cuda

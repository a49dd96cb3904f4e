#pragma once

/// @file group_differences.hpp
/// By which concepts two groups of rows differ, and by which of them more than chance would have it.

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "splice_cuda/code_statistics.hpp"

namespace splice_cuda {

/// One concept in two groups, A and B.
struct ConceptDifference {
  std::int32_t atom = 0;
  ConceptMean a;
  ConceptMean b;
  double difference = 0;      ///< a.mean - b.mean
  double standard_error = 0;  ///< sqrt(var_A / n_A + var_B / n_B) (Welch 1947); NaN with a group of fewer than two rows
};

/// Every concept that occurs in either group, by falling |difference|; ties: lower atom first. Empty where a group has no row.
std::vector<ConceptDifference> compare_groups(const GroupStatistics& a, const GroupStatistics& b);

/// Permutation test of the difference of two groups' mean weights, for all concepts at once, with the family-wise correction of
/// Westfall & Young (1993): the single-step maximum of the statistic over concepts, which keeps their correlation.
///
/// The rows are seen once. Each of B permutations deals out the labels of A and B anew while the rows go by, without
/// replacement: a row gets label A with probability (A's left) / (labels left), which makes every assignment equally likely
/// (Knuth, TAOCP 2, 3.4.2, algorithm S). Draw i of permutation b is output i of the SplitMix64 stream (Steele, Lea & Flood
/// 2014) that seed and b choose, so that the same seed gives the same p-values, however rows are cut into blocks.
///
/// Statistic of a concept: |mean_A - mean_B| / (s sqrt(1/n_A + 1/n_B)), s its standard deviation over both groups: a monotone
/// function, one for all concepts, of Student's |t| with pooled variance. p = (1 + #{b: T_b >= T}) / (B + 1)
/// (Phipson & Smyth 2010). Labels of rows without an embedding are dealt out, too; the sizes n of a permutation count the others.
///
/// Cost: B additions for each weight of a row in A or B, and B draws a row. Memory: 8 B bytes for each concept that occurs,
/// 24 B bytes beside; none for rows.
class PermutationTest {
 public:
  /// @param labels  of each record: its group; rows come with ascending records. Has to outlive this.
  /// @param cancel  asked at every record of A or B and at every concept of `outcomes`; true stops the call; may be empty
  /// @throws ArgumentError for equal groups, one without records, or permutations outside of [1, 10^7]; OutOfMemoryError
  PermutationTest(std::span<const std::int32_t> labels, std::int32_t a, std::int32_t b, std::int64_t permutations, std::uint64_t seed,
                  std::function<bool()> cancel = {});

  /// A row that has an embedding. Rows of other groups are passed over.
  /// @throws ArgumentError for a record that is not there or does not come after the one before; OutOfMemoryError where a concept that
  ///         comes up first does not fit into memory; CancelledError. After the last two the test is of no more use.
  void add(std::int64_t record, std::span<const std::int32_t> atoms, std::span<const float> weights);

  struct Outcome {
    std::int32_t atom = 0;
    double statistic = 0;    ///< T with the true labels; 0 where every row has the same weight
    double p = 1;            ///< of this concept alone
    double p_corrected = 1;  ///< probability that any concept would come so far, if no concept differed
  };
  /// Every concept that occurs, ascending by atom. @throws CancelledError
  std::vector<Outcome> outcomes() const;

 private:
  struct Sums {
    Moments present;            ///< weights of the rows that have the concept
    double in_a = 0;            ///< sum over A, true labels
    std::vector<double> dealt;  ///< the same for each permutation
  };

  void deal();

  std::span<const std::int32_t> labels_;
  std::int32_t a_;
  std::int32_t b_;
  std::function<bool()> cancel_;
  std::int64_t next_ = 0;                ///< first record whose labels are not dealt yet
  std::int64_t dealt_ = 0;               ///< records of A and B so far
  std::int64_t left_ = 0;                ///< and those to come
  std::int64_t rows_ = 0;                ///< with an embedding
  std::int64_t rows_a_ = 0;
  std::vector<std::uint64_t> streams_;   ///< start of each permutation's generator
  std::vector<std::int64_t> left_of_a_;  ///< labels A not dealt yet, by permutation
  std::vector<double> sizes_of_a_;       ///< rows with an embedding and label A, by permutation
  std::vector<double> in_a_;             ///< 1 where the current row has label A
  std::unordered_map<std::int32_t, Sums> sums_;
};

}  // namespace splice_cuda

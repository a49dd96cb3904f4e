#pragma once

/// @file shift_tables.hpp
/// How codes change across splits, years or places.

#include <string>
#include <vector>

#include "cli/experiments/result_document.hpp"
#include "splice_cuda/code_statistics.hpp"
#include "splice_cuda/concept_groups.hpp"
#include "splice_cuda/group_weights.hpp"
#include "splice_cuda/moments.hpp"
#include "splice_cuda/record_table.hpp"

namespace splice_cuda::cli {

/// Everything by class and value: cell(c, v) = c * values + v. The last class is all of them together where there are several.
struct ShiftCells {
  std::vector<std::string> classes;
  std::vector<std::string> values;
  std::vector<GroupStatistics> codes;                      ///< [cell]
  std::vector<std::vector<WeightSummary>> weights;    ///< [concept group][cell]
  std::vector<Moments> truth;                              ///< [cell]; empty: none

  std::size_t cell(std::size_t class_index, std::size_t value) const { return class_index * values.size() + value; }
};

/// Each two values are compared, and every class and value is held. @throws ArgumentError that names --across or --by where there are too many
void check_shift_size(const std::string& across, std::int64_t values, const std::string& by, std::int64_t classes);

/// "cosines": of the mean codes of each two values, by class. @returns a sentence
std::string add_cosines(const ShiftCells& cells, const std::string& across, ResultDocument& document);

/// "course": weight and share of each group of concepts at each value, beside the true share; "agreement": their correlations over
/// the values; charts. @returns a sentence
std::string add_course(const ShiftCells& cells, const std::vector<ConceptGroup>& groups, const std::string& across, ResultDocument& document);

/// Pearson's correlation over pairs of finite numbers; NaN for fewer than two of them, or without spread.
double correlation(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace splice_cuda::cli

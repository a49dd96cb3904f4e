#pragma once

/// @file statistics_tables.hpp
/// Statistics of codes as tables and charts.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/experiments/code_inputs.hpp"
#include "cli/experiments/result_document.hpp"
#include "splice_cuda/code_statistics.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/moments.hpp"
#include "splice_cuda/record_table.hpp"

namespace splice_cuda::cli {

/// NaN, which a document writes as null, where there are no values.
double mean_or_nan(const Moments& moments);

/// The groups of a block's rows: 0 where `of_row` is empty (CodeInputs::groups_or_all).
std::vector<std::int32_t> groups_of(const CodeBlock& block, const RowGroups& groups);

/// Whether row i of a block has an embedding; of a file without reports every row does.
bool has_embedding(const CodeBlock& block, std::int64_t row);

/// @throws ArgumentError that names the option where a column has more values than statistics hold
void check_group_count(const std::string& option, const std::string& column, std::int64_t groups);

/// "groups": rows, rows without embedding, l0 and cosine of each group. A lone row has no standard error.
ResultTable groups_table(const CodeStatistics& statistics, const RowGroups& groups);

/// "concepts": the `top` largest mean weights of each group.
ResultTable largest_concepts_table(const CodeStatistics& statistics, const RowGroups& groups, const ConceptSpace& space, std::int64_t top);

/// "l0", "cosine", "gap": histograms, each with its chart; of each group where these are few, else of all rows, `together`.
void add_histograms(const CodeStatistics& statistics, const GroupStatistics& together, const RowGroups& groups, ResultDocument& document);

/// "1,200 rows in 3 groups, 4 of zeros, 2 with NaN or infinity, 5 in no group"
std::string rows_text(const CodeStatistics& statistics, const GroupStatistics& together);

}  // namespace splice_cuda::cli

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "concepts/unit_rows.hpp"
#include "core/equal_rows.hpp"
#include "core/validate.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda {
namespace {

/// Rows in the making: unit vectors in fp64, with the line each came from.
struct Candidates {
  std::vector<std::int64_t> lines;
  std::vector<std::vector<double>> rows;
};

/// Lines that have a new name and a direction.
Candidates keep_usable(MatrixView<const float> embeddings, const std::vector<std::string>& names,
                       std::int64_t first, DroppedConcepts& dropped) {
  Candidates kept;
  std::set<std::string_view> seen;
  for (std::int64_t line = first; line < embeddings.rows; ++line) {
    const std::string& name = names[static_cast<std::size_t>(line)];
    if (!io::is_utf8(name)) fail_argument("names", "line " + std::to_string(line) + " that is not UTF-8", "UTF-8 text");
    if (name.find_first_not_of(" \t") == std::string::npos) {
      dropped.empty_name.push_back(line);
      continue;
    }
    if (seen.contains(name)) {
      dropped.duplicate_name.push_back(line);
      continue;
    }
    std::vector<double> row(embeddings.row(line), embeddings.row(line) + embeddings.cols);
    if (!std::all_of(row.begin(), row.end(), [](double value) { return std::isfinite(value); })) {
      dropped.non_finite.push_back(line);
      continue;
    }
    if (!normalize_row(row)) {
      dropped.zero_embedding.push_back(line);
      continue;
    }
    seen.insert(name);
    kept.lines.push_back(line);
    kept.rows.push_back(std::move(row));
  }
  return kept;
}

/// Subtracts the mean of the kept rows; rows without a direction afterwards leave.
std::vector<float> center(Candidates& candidates, std::int64_t dim, DroppedConcepts& dropped) {
  std::vector<double> mean(static_cast<std::size_t>(dim), 0.0);
  for (const auto& row : candidates.rows) {
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += row[k];
  }
  for (double& value : mean) value /= static_cast<double>(std::max<std::size_t>(1, candidates.rows.size()));
  constexpr double vanished = 1e-7;  // float32 input can't tell such a row from the mean
  Candidates kept;
  for (std::size_t i = 0; i < candidates.rows.size(); ++i) {
    std::vector<double>& row = candidates.rows[i];
    double length = 0;
    for (std::size_t k = 0; k < mean.size(); ++k) {
      row[k] -= mean[k];
      length += row[k] * row[k];
    }
    if (std::sqrt(length) <= vanished || !normalize_row(row)) {
      dropped.zero_embedding.push_back(candidates.lines[i]);
      continue;
    }
    kept.lines.push_back(candidates.lines[i]);
    kept.rows.push_back(std::move(row));
  }
  candidates = std::move(kept);
  std::sort(dropped.zero_embedding.begin(), dropped.zero_embedding.end());
  return {mean.begin(), mean.end()};
}

}  // namespace

ConceptSpace ConceptSpace::build(MatrixView<const float> text_embeddings, const std::vector<std::string>& names,
                                 const BuildOptions& options, DroppedConcepts* dropped) {
  check_matrix("text_embeddings", text_embeddings.data, text_embeddings.rows, text_embeddings.cols, text_embeddings.ld);
  check_device("text_embeddings", text_embeddings.device, Device::cpu());
  if (static_cast<std::int64_t>(names.size()) != text_embeddings.rows) {
    fail_argument("names", std::to_string(names.size()) + " names",
                  "one a row of text_embeddings, " + std::to_string(text_embeddings.rows));
  }
  if (options.last < 0) fail_argument("last", std::to_string(options.last), "0 (all) or more");
  DroppedConcepts unwanted;
  DroppedConcepts& out = dropped != nullptr ? *dropped : unwanted;
  out = {};
  const std::int64_t first = options.last == 0 ? 0 : std::max<std::int64_t>(0, text_embeddings.rows - options.last);
  Candidates candidates = keep_usable(text_embeddings, names, first, out);

  ConceptSpace space;
  space.dim_ = text_embeddings.cols;
  if (options.center) space.text_mean_ = center(candidates, space.dim_, out);
  std::vector<float> atoms;
  for (const auto& row : candidates.rows) {
    for (const double value : row) atoms.push_back(static_cast<float>(value) + 0.0f);
  }
  const auto rows = static_cast<std::int64_t>(candidates.rows.size());
  const auto first_equal = first_equal_rows(MatrixView<const float>(atoms.data(), rows, space.dim_));
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t line = candidates.lines[at];
    if (first_equal[at] != i) {
      out.duplicate_vector.push_back(line);
      continue;
    }
    space.atoms_.insert(space.atoms_.end(), atoms.begin() + i * space.dim_, atoms.begin() + (i + 1) * space.dim_);
    space.names_.push_back(names[static_cast<std::size_t>(line)]);
  }
  if (space.names_.empty()) {
    fail_argument("text_embeddings", std::to_string(text_embeddings.rows) + " rows of which none is usable",
                  "at least one named, finite row that differs from the mean");
  }
  space.index_names();
  return space;
}

}  // namespace splice_cuda

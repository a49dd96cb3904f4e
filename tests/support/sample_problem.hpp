#pragma once

/// @file sample_problem.hpp
/// Dictionaries and embeddings with the geometry of words: topics that many atoms share, rows made of a few atoms and
/// noise.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "oracle/lasso_oracle.hpp"
#include "splice_cuda/splice_cuda.hpp"

namespace splice_cuda::testing {

struct SampleProblem {
  std::int64_t atoms = 0;
  std::int64_t dim = 0;
  std::int64_t rows = 0;
  std::vector<float> dictionary;  ///< [atoms, dim]
  std::vector<float> embeddings;  ///< [rows, dim]

  MatrixView<const float> atom_view() const { return {dictionary.data(), atoms, dim}; }
  MatrixView<const float> view() const { return {embeddings.data(), rows, dim}; }
};

/// Atoms of norm about 1, one topic to about 20 of them; rows of norm about 1, of 6 atoms and a fifth of noise.
SampleProblem sample_problem(std::int64_t atoms, std::int64_t dim, std::int64_t rows, std::uint64_t seed);

/// One row, of `share` of each of the first `parts` atoms: at a low penalty its support has nearly all of them.
SampleProblem row_of_many(std::int64_t atoms, std::int64_t dim, std::int64_t parts, float share);

/// Makes every `size` neighbouring atoms nearly parallel: the first of them, plus `share` of each of the others.
void bundle_atoms(SampleProblem& sample, std::int64_t size, float share = 0.015f);

/// Real sentence vectors: every `stride`-th of 15,000 concepts, and the first `rows` queries, prepared as the paper does.
/// Nothing where the data are absent.
std::optional<SampleProblem> real_problem(std::int64_t stride, std::int64_t rows);

/// Folder of the real data; nothing where it is absent.
std::optional<std::filesystem::path> shared_data(const char* entry);

/// The oracle's form of a problem; `l1_penalty` on the scale of DecomposeOptions.
splice_oracle::Problem oracle_problem(const SampleProblem& sample, double l1_penalty);

/// Row i in fp64.
std::vector<double> oracle_row(const SampleProblem& sample, std::int64_t row);

/// Row i of the codes, dense.
std::vector<double> dense_row(const SparseCodes& codes, std::int64_t row);

}  // namespace splice_cuda::testing

/// Skips a test, with the reason, where the real data are absent.
#define SPLICE_NEEDS_DATA(entry) \
  if (!splice_cuda::testing::shared_data(entry)) GTEST_SKIP() << "needs ../shared/data/" << (entry) << ", which is absent"

// Embeddings to sparse codes with the core library alone: no torch, no CUDA at hand needed.
//
//   find_package(splice_cuda REQUIRED)
//   target_link_libraries(solve_rows PRIVATE splice_cuda::splice_cuda)

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include <splice_cuda/splice_cuda.hpp>

namespace {

/// Unit vectors [rows, dim] of Gaussian direction.
std::vector<float> random_directions(std::int64_t rows, std::int64_t dim, std::mt19937& generator) {
  std::normal_distribution<float> normal;
  std::vector<float> vectors;
  for (std::int64_t i = 0; i < rows; ++i) {
    std::vector<float> row;
    float square = 0;
    for (std::int64_t k = 0; k < dim; ++k) {
      row.push_back(normal(generator));
      square += row.back() * row.back();
    }
    for (const float value : row) vectors.push_back(value / std::sqrt(square));
  }
  return vectors;
}

}  // namespace

int main() {
  constexpr std::int64_t atoms = 2000;
  constexpr std::int64_t dim = 128;
  std::mt19937 generator(1);
  const std::vector<float> dictionary_rows = random_directions(atoms, dim, generator);
  // Row i is 0.8 of atom 3 i and 0.6 of atom 3 i + 1.
  constexpr std::int64_t rows = 4;
  std::vector<float> embeddings;
  for (std::int64_t i = 0; i < rows; ++i) {
    const float* first = dictionary_rows.data() + 3 * i * dim;
    for (std::int64_t k = 0; k < dim; ++k) embeddings.push_back(0.8f * first[k] + 0.6f * first[dim + k]);
  }

  try {
    const splice_cuda::Context context;
    const splice_cuda::Dictionary dictionary(
        context, splice_cuda::MatrixView<const float>(dictionary_rows.data(), atoms, dim));
    const splice_cuda::DecomposeResult result = splice_cuda::decompose(
        context, dictionary, splice_cuda::MatrixView<const float>(embeddings.data(), rows, dim),
        {.l1_penalty = 0.25f});
    bool as_made = true;
    for (std::int64_t i = 0; i < rows; ++i) {
      const splice_cuda::RowReport& report = result.reports[static_cast<std::size_t>(i)];
      const auto found = result.codes.row_atoms(i);
      const auto weights = result.codes.row_values(i);
      std::printf("row %d, %s, gap %.1e:", static_cast<int>(i), splice_cuda::to_string(report.status).data(),
                  report.gap);
      for (std::size_t j = 0; j < found.size(); ++j)
        std::printf("  atom %d %.3f", found[j], static_cast<double>(weights[j]));
      std::printf("\n");
      as_made = as_made && report.status == splice_cuda::RowStatus::certified && found.size() == 2 &&
                found[0] == 3 * i && found[1] == 3 * i + 1;
    }
    return as_made ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const splice_cuda::Error& error) {
    std::fprintf(stderr, "solve_rows: %s\n", error.what());
    return EXIT_FAILURE;
  }
}

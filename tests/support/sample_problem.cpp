#include "support/sample_problem.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "io/embedding_source.hpp"
#include "io/npy.hpp"
#include "support/bell_stream.hpp"

namespace splice_cuda::testing {

SampleProblem sample_problem(std::int64_t atoms, std::int64_t dim, std::int64_t rows, std::uint64_t seed) {
  BellStream stream(seed);
  SampleProblem sample{.atoms = atoms, .dim = dim, .rows = rows, .dictionary = {}, .embeddings = {}};
  const std::int64_t topics = atoms / 20 + 1;
  std::vector<double> centres;
  for (std::int64_t i = 0; i < topics * dim; ++i) centres.push_back(stream.next());
  // Variance of a topic's number and of the atom's own: 1/3 and 0.8^2 / 3.
  const double atom_scale = 1 / std::sqrt(static_cast<double>(dim) * (1 + 0.64) / 3);
  for (std::int64_t j = 0; j < atoms; ++j) {
    const auto topic = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(topics)));
    for (std::int64_t k = 0; k < dim; ++k) {
      const double own = 0.8 * stream.next();
      sample.dictionary.push_back(
          static_cast<float>((centres[static_cast<std::size_t>(topic * dim + k)] + own) * atom_scale));
    }
  }
  const double noise_scale = 0.2 / std::sqrt(static_cast<double>(dim) / 3);
  for (std::int64_t i = 0; i < rows; ++i) {
    std::vector<double> row(static_cast<std::size_t>(dim));
    for (int part = 0; part < 6; ++part) {
      const std::uint64_t atom = stream.below(static_cast<std::uint64_t>(atoms));
      const double share = (1 + static_cast<double>(stream.below(16))) / 24;
      for (std::size_t k = 0; k < row.size(); ++k) {
        row[k] += share * static_cast<double>(sample.dictionary[atom * row.size() + k]);
      }
    }
    for (double& value : row) {
      value += noise_scale * stream.next();
      sample.embeddings.push_back(static_cast<float>(value));
    }
  }
  return sample;
}

SampleProblem row_of_many(std::int64_t atoms, std::int64_t dim, std::int64_t parts, float share) {
  SampleProblem sample = sample_problem(atoms, dim, 1, 17);
  std::fill(sample.embeddings.begin(), sample.embeddings.end(), 0.0f);
  for (std::int64_t i = 0; i < parts * dim; ++i) {
    sample.embeddings[static_cast<std::size_t>(i % dim)] += share * sample.dictionary[static_cast<std::size_t>(i)];
  }
  return sample;
}

void bundle_atoms(SampleProblem& sample, std::int64_t size, float share) {
  for (std::int64_t j = 0; j < sample.atoms; ++j) {
    const std::int64_t first = j / size * size;
    for (std::int64_t k = 0; k < sample.dim && j != first; ++k) {
      float& entry = sample.dictionary[static_cast<std::size_t>(j * sample.dim + k)];
      entry = sample.dictionary[static_cast<std::size_t>(first * sample.dim + k)] + share * entry;
    }
  }
}

std::optional<std::filesystem::path> shared_data(const char* entry) {
  const std::filesystem::path path = std::filesystem::path(SPLICE_SHARED_DATA) / entry;
  std::error_code absent;
  if (!std::filesystem::exists(path, absent)) return std::nullopt;
  return path;
}

std::optional<SampleProblem> real_problem(std::int64_t stride, std::int64_t rows) {
  const auto folder = shared_data("text15k");
  if (!folder) return std::nullopt;
  const io::FloatArray texts = io::read_npy_float32(*folder / "concepts15k.f16.npy");
  std::vector<float> chosen;
  std::vector<std::string> names;
  const std::int64_t dim = texts.shape[1];
  for (std::int64_t j = 0; j < texts.shape[0]; j += stride) {
    chosen.insert(chosen.end(), texts.values.begin() + j * dim, texts.values.begin() + (j + 1) * dim);
    names.push_back("concept " + std::to_string(j));
  }
  ConceptSpace space =
      ConceptSpace::build(MatrixView<const float>{chosen.data(), static_cast<std::int64_t>(names.size()), dim}, names);
  space.set_image_mean(io::read_npy_float32(*folder / "query_mean.npy").values);
  SampleProblem sample{.atoms = space.size(), .dim = dim, .rows = rows, .dictionary = {}, .embeddings = {}};
  const float* atoms = space.atoms().as<float>().data;
  sample.dictionary.assign(atoms, atoms + space.size() * dim);
  const auto source = io::EmbeddingSource::open(*folder / "queries4096.f16.npy");
  std::vector<float> raw(static_cast<std::size_t>(rows * dim));
  source->read(0, {raw.data(), rows, dim});
  sample.embeddings.resize(raw.size());
  space.prepare(MatrixView<const float>{raw.data(), rows, dim}, {sample.embeddings.data(), rows, dim});
  return sample;
}

splice_oracle::Problem oracle_problem(const SampleProblem& sample, double l1_penalty) {
  splice_oracle::Problem problem{
      .atoms = sample.atoms, .dim = sample.dim, .dictionary = {}, .weights = {}, .penalty = l1_penalty / 2};
  problem.dictionary.assign(sample.dictionary.begin(), sample.dictionary.end());
  return problem;
}

std::vector<double> oracle_row(const SampleProblem& sample, std::int64_t row) {
  return {sample.embeddings.begin() + row * sample.dim, sample.embeddings.begin() + (row + 1) * sample.dim};
}

std::vector<double> dense_row(const SparseCodes& codes, std::int64_t row) {
  std::vector<double> w(static_cast<std::size_t>(codes.cols), 0.0);
  for (std::int64_t k = 0; k < codes.l0(row); ++k) {
    w[static_cast<std::size_t>(codes.row_atoms(row)[static_cast<std::size_t>(k)])] =
        static_cast<double>(codes.row_values(row)[static_cast<std::size_t>(k)]);
  }
  return w;
}

}  // namespace splice_cuda::testing

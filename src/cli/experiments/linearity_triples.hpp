#pragma once

/// @file linearity_triples.hpp
/// Two things, and both together, as embeddings: pictures put side by side, texts joined, or rows of files.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/model_inputs.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::cli {

inline constexpr const char* default_layout = "pad";
inline constexpr const char* default_join = "{} and {}";

struct TripleArguments {
  ModelArguments model;         ///< --images, --dataset or --texts: random pairs of them
  std::string pairs_file;       ///< table: first, second and, if there is one, joint: paths of pictures
  std::string text_pairs;       ///< the same of texts
  std::optional<std::string> layout;
  std::optional<std::string> join;
  std::string embeddings;       ///< of the joint things, beside `first` and `second`
  std::string first, second;
  std::int64_t pairs = 1000;
  std::int64_t seed = 0;
};
void add_triple_options(CLI::App& verb, TripleArguments& arguments);
/// @throws ArgumentError unless there is one source of triples, whole
void check_triples(const TripleArguments& arguments);

/// What two things are, and both together where that is not to be composed.
struct NamedPair {
  std::string first, second, joint;
  std::int64_t first_sample = -1, second_sample = -1;  ///< of a dataset, whose names need not be paths
};
/// What pairs are made of: a table of them, or things of which they are drawn. Of stored embeddings neither.
struct TripleSource {
  std::vector<NamedPair> table;
  ModelInputs inputs;
};
/// Reads the table, or lists the inputs. @throws FileError, ArgumentError
TripleSource find_triples(const TripleArguments& arguments);
/// Files that are read, the model's too, so that outputs do not take their place.
std::vector<std::filesystem::path> triple_files(const TripleArguments& arguments, const TripleSource& source);

/// Embeddings [n, dim] of each, not normalised, and what each is called.
struct Triples {
  std::int64_t dim = 0;
  std::vector<float> joint, first, second;
  std::vector<std::string> first_names, second_names;
  std::vector<SkippedInput> missing;  ///< samples and folders that pairs could not be made of
  std::vector<SkippedInput> skipped;  ///< pairs of pictures of which one can't be read
  std::int64_t cut_off = 0;           ///< joint texts longer than the model's context
  bool texts = false;

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(first_names.size()); }
  MatrixView<const float> rows(const std::vector<float>& values) const { return {values.data(), size(), dim}; }
};

/// Rows of files: --pairs of them at random, all where there are no more. @throws FileError, ArgumentError for shapes that do not fit
Triples stored_triples(const TripleArguments& arguments);
/// By a model. @throws FileError, ArgumentError
Triples model_triples(const TripleArguments& arguments, TripleSource source, ClipEncoder& model, bool quiet);

}  // namespace splice_cuda::cli

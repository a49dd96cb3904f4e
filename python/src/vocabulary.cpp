#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "context.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/vocabulary_rules.hpp"

namespace splice_cuda::python {
namespace {

using Texts = std::vector<std::string>;

/// Embeds by Python, and copies what it gives: memory that is lent to Python may be looked at when it is gone.
void embed_by(const nb::callable& embed, std::span<const std::string> texts, MatrixView<float> out) {
  nb::list listed;
  for (const std::string& text : texts) listed.append(text);
  const auto array = nb::cast<Matrix>(embed(listed));
  const MatrixView<const float> found = view_of(array);
  if (found.rows != out.rows || found.cols != out.cols) {
    throw ArgumentError("encoder.embed_texts: got shape (" + std::to_string(found.rows) + ", " + std::to_string(found.cols) + "), expected (" +
                        std::to_string(out.rows) + ", " + std::to_string(out.cols) + ")");
  }
  for (std::int64_t row = 0; row < found.rows; ++row) std::copy_n(found.row(row), found.cols, out.row(row));
}

/// @param encode  encode(texts), a float32 array [n, dim]; called from the calling thread
nb::tuple select(SharedContext& context, const Texts& words, const Texts& bigrams, const nb::callable& encode, std::int64_t dim,
                 std::int64_t size, std::int64_t bigram_size, double max_cosine, double bigram_cosine, Texts unwanted,
                 nb::handle cancel) {
  const VocabularyRules rules{.size = size,
                              .bigram_size = bigram_size,
                              .max_cosine = max_cosine,
                              .bigram_cosine = bigram_cosine,
                              .unwanted = std::move(unwanted)};
  SelectedVocabulary chosen;
  context.run_watched(nb::none(), cancel, [&](const Context& inner, CallWatch& watch) {
    const TextEmbedder embed = [&](std::span<const std::string> texts, MatrixView<float> out) {
      watch.run_in_caller([&] { embed_by(encode, texts, out); });
    };
    chosen = select_vocabulary(inner, words, bigrams, embed, dim, rules);
  });
  nb::list dropped;
  for (const DroppedLine& line : chosen.dropped) {
    dropped.append(nb::make_tuple(line.line, line.bigram, to_string(line.rule), line.cosine, line.rival));
  }
  return nb::make_tuple(chosen.names, owned_array(std::move(chosen.embeddings)),
                        chosen.bigrams, dropped, chosen.words_seen, chosen.bigrams_seen);
}

}  // namespace

void bind_vocabulary(nb::module_& module) {
  using namespace nb::literals;
  module.def("select_vocabulary", &select, "context"_a, "words"_a, "bigrams"_a, "encode"_a, "dim"_a, "size"_a, "bigram_size"_a,
             "max_cosine"_a, "bigram_cosine"_a, "unwanted"_a, "cancel"_a.none());
}

}  // namespace splice_cuda::python

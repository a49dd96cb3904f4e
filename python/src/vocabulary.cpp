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
#include "splice_cuda/vocabulary_rules.hpp"

namespace splice_cuda::python {
namespace {

using Texts = std::vector<std::string>;
/// Memory that lives as long as the call it is given to.
using Filled = nb::ndarray<nb::numpy, float, nb::ndim<2>>;

/// @param fill  fill(texts, out [n, dim] to be written); called from the thread that works
/// @returns (names, embeddings as bytes, bigrams, [(line, bigram, rule, cosine, rival)], words seen, bigrams seen)
nb::tuple select(SharedContext& context, const Texts& words, const Texts& bigrams, const nb::callable& fill, std::int64_t dim,
                 std::int64_t size, std::int64_t bigram_size, double max_cosine, double bigram_cosine, Texts unwanted,
                 nb::handle cancel) {
  const VocabularyRules rules{.size = size,
                              .bigram_size = bigram_size,
                              .max_cosine = max_cosine,
                              .bigram_cosine = bigram_cosine,
                              .unwanted = std::move(unwanted)};
  const TextEmbedder embed = [&](std::span<const std::string> texts, MatrixView<float> out) {
    const nb::gil_scoped_acquire gil;
    nb::list listed;
    for (const std::string& text : texts) listed.append(text);
    const Filled memory(out.data, {static_cast<std::size_t>(out.rows), static_cast<std::size_t>(out.cols)}, nb::handle(), {out.ld, 1});
    fill(listed, nb::cast(memory, nb::rv_policy::reference));  // not a copy, which memory of nobody's would be
  };
  SelectedVocabulary chosen;
  context.run(nb::none(), cancel, [&](const Context& inner) {
    chosen = select_vocabulary(inner, words, bigrams, embed, dim, rules);
  });
  nb::list dropped;
  for (const DroppedLine& line : chosen.dropped) {
    dropped.append(nb::make_tuple(line.line, line.bigram, to_string(line.rule), line.cosine, line.rival));
  }
  return nb::make_tuple(chosen.names, nb::bytes(chosen.embeddings.data(), chosen.embeddings.size() * sizeof(float)),
                        chosen.bigrams, dropped, chosen.words_seen, chosen.bigrams_seen);
}

}  // namespace

void bind_vocabulary(nb::module_& module) {
  using namespace nb::literals;
  module.def("select_vocabulary", &select, "context"_a, "words"_a, "bigrams"_a, "fill"_a, "dim"_a, "size"_a, "bigram_size"_a,
             "max_cosine"_a, "bigram_cosine"_a, "unwanted"_a, "cancel"_a.none());
}

}  // namespace splice_cuda::python

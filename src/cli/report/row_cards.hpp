#pragma once

/// @file row_cards.hpp
/// Rows of codes as cards: picture or text, what is known of the row, its heaviest concepts as bars.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/npz.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

/// For each row the concepts that are true, where that is known; may be empty.
using RowTruth = std::vector<std::optional<std::set<std::string>>>;

struct RowCards {
  const ConceptSpace& space;
  const io::CodesFile& file;
  bool pictures = false;      ///< names are paths of pictures, which are shown
  std::int64_t limit = 200;   ///< most rows
  std::int64_t concepts = 10; ///< most a row
  int heading = 2;            ///< level of the rows' headings
};

/// `<li>` elements for an `<ol class="rows">`.
struct CardsHtml {
  std::string html;
  std::int64_t pictures = 0;
  std::int64_t missing = 0;  ///< pictures that can't be read: their cards tell why
};
/// @throws CancelledError
CardsHtml cards_html(const RowCards& cards, const RowTruth& truth = {});

/// "embedding", "picture" or "text".
std::string row_noun(const RowCards& cards);

/// A `<div>` with a `<dt>` and a `<dd>`.
std::string fact_html(const std::string& name, const std::string& value);

/// What a page says of all rows together, as facts.
std::string code_facts_html(const RowCards& cards);

}  // namespace splice_cuda::cli

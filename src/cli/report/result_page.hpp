#pragma once

/// @file result_page.hpp
/// Result documents, and cards of stored codes, as one HTML file that needs nothing else.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/report/page_data.hpp"
#include "cli/report/row_cards.hpp"

namespace splice_cuda::cli {

struct ResultPage {
  std::string title;
  std::vector<PageDocument> documents;
  std::optional<RowCards> cards;
  PageLimits limits;
};

struct ResultHtml {
  std::string html;
  std::int64_t pictures = 0;  ///< embedded
  std::int64_t missing = 0;   ///< that could not be read
  bool charts = true;         ///< false: this build has no chart library, and the page says so
};

/// The page's policy allows the scripts it was written with, by their SHA-256, and no request. @throws CancelledError
ResultHtml result_html(const ResultPage& page);

}  // namespace splice_cuda::cli

#pragma once

/// @file caption_reader.hpp
/// Captions of a corpus, one at a time: nothing is held but the caption that is read.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace splice_cuda::cli {

enum class CaptionFormat : std::uint8_t { by_name, text, jsonl, csv, tsv, parquet };

struct CaptionRequest {
  CaptionFormat format = CaptionFormat::by_name;  ///< by the file's suffix, .gz apart; text for any other
  std::string column;                             ///< its name, or its number from 1 in a table without a header; empty: caption, else text
  std::string python = "python3";                 ///< reads .parquet, by pyarrow
};

struct CaptionCounts {
  std::int64_t captions = 0;
  std::int64_t not_utf8 = 0;    ///< left out
  std::int64_t too_long = 0;    ///< of more than 1 MiB: left out
  std::int64_t malformed = 0;   ///< lines that are no JSON object with this text, records without this column or with quotes that are not closed: left out
};

using CaptionVisitor = std::function<void(std::string_view)>;

/// Reads captions of one file, or of stdin ("-"), of which `counts` are added up.
/// @throws FileError (with the columns that there are, where the one that is asked for is not), ArgumentError for a column of a text file, CancelledError
void read_captions(const std::string& path, const CaptionRequest& request, CaptionCounts& counts, const CaptionVisitor& take);

}  // namespace splice_cuda::cli

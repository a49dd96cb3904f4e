#pragma once

/// @file delimited_records.hpp
/// Lines, and the fields of .csv and .tsv.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/byte_source.hpp"

namespace splice_cuda::data {

struct Record {
  std::vector<std::string> fields;
  bool quoted = false;     ///< a field was in quotes: an empty one is a value, not an empty line
  bool too_long = false;   ///< more than 1 MiB: fields hold only a part
  std::string_view fault;  ///< what is wrong with its quotes, for a message; empty: nothing
};

struct RecordSyntax {
  char separator = '\0';  ///< none: the whole line is one field
  bool quotes = false;    ///< RFC 4180: a field in quotes may hold separators, line ends, and quotes twice
  bool at_once = false;   ///< visit a record that is too long as soon as it is, whose end may be far; `visit` has to throw
};

/// A byte-order mark is passed over. A quote inside a field that does not begin with one is a byte like others.
/// Records end with "\n" or "\r\n"; the last one need not end. Memory is bounded however long a record is.
/// @param visit  may move fields out
void for_each_record(ByteSource& source, const RecordSyntax& syntax, const std::function<void(Record&)>& visit);

}  // namespace splice_cuda::data

#pragma once

/// @file read_delimited.hpp
/// Tables with a header, out of any source.

#include <cstdint>
#include <string>

#include "data/byte_source.hpp"
#include "data/delimited_records.hpp"
#include "splice_cuda/record_table.hpp"

namespace splice_cuda::data {

/// Records are read whole, their quotes are closed, and they hold text. @throws FileError that names the record
void check_text(const std::string& path, std::int64_t number, const Record& record);

/// Empty lines are records where the header has one column, else they are passed over.
/// @param path  what messages name. @throws FileError as read_records does
RecordTable read_delimited(ByteSource& source, const std::string& path, char separator);

}  // namespace splice_cuda::data

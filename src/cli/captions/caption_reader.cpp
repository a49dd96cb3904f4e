#include "cli/captions/caption_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/numbers_text.hpp"
#include "cli/signals.hpp"
#include "data/byte_source.hpp"
#include "data/delimited_records.hpp"
#include "data/python_reader.hpp"
#include "io/ascii.hpp"
#include "io/utf8.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

using data::ByteSource;

/// Streams one caption a line.
constexpr const char* parquet_program = R"python(
path, wanted = arguments
try:
    file = pyarrow.parquet.ParquetFile(path)
    names = file.schema_arrow.names
    found = [n for c in (wanted,) if c for n in names if n == c] if wanted else \
            [n for c in ("caption", "text") for n in names if n.lower() == c]
    if not found:
        sys.exit(f"found the columns {', '.join(map(repr, names))}, expected {repr(wanted) if wanted else 'caption or text'} (--column)")
    kind = file.schema_arrow.field(found[0]).type
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    t = pyarrow.types
    if not any(is_text(kind) for is_text in (t.is_string, t.is_large_string, getattr(t, "is_string_view", t.is_string))):
        sys.exit(f"column {found[0]!r} holds {kind}, expected text (--column)")
    out = sys.stdout.buffer
    for batch in file.iter_batches(batch_size=8192, columns=[found[0]], use_threads=False):
        for text in batch.column(0).to_pylist():
            if text is not None:
                out.write(text.replace("\n", " ").replace("\r", " ").encode() + b"\n")
    out.flush()
except MemoryError:
    sys.exit("found Parquet data that takes more than 2 GiB to read, expected smaller row groups")
except (OSError, pyarrow.ArrowException, UnicodeError) as error:
    sys.exit("found no readable Parquet data (" + " ".join(str(error).split()) + ")")
)python";

CaptionFormat format_of(const std::string& path, CaptionFormat asked) {
  if (asked != CaptionFormat::by_name) return asked;
  std::string name = io::lower_ascii(path);
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (name.ends_with(".jsonl") || name.ends_with(".ndjson")) return CaptionFormat::jsonl;
  if (name.ends_with(".csv")) return CaptionFormat::csv;
  if (name.ends_with(".tsv")) return CaptionFormat::tsv;
  if (name.ends_with(".parquet")) return CaptionFormat::parquet;
  return CaptionFormat::text;
}

/// Takes what is text, and counts.
void take_caption(std::string_view caption, CaptionCounts& counts, const CaptionVisitor& take) {
  if (!io::is_utf8(caption)) {
    ++counts.not_utf8;
    return;
  }
  ++counts.captions;
  take(caption);
}

void read_lines(ByteSource& source, CaptionCounts& counts, const CaptionVisitor& take_line) {
  data::for_each_record(source, {}, [&](const data::Record& record) {
    if (record.too_long) ++counts.too_long;
    else take_line(record.fields.front());
  });
}

void read_text(ByteSource& source, CaptionCounts& counts, const CaptionVisitor& take) {
  read_lines(source, counts, [&](std::string_view line) { take_caption(line, counts, take); });
}

/// The text of a JSON object's key; nothing where there is none.
const std::string* text_of(const nlohmann::json& object, const std::string& column) {
  if (!column.empty()) {
    const auto found = object.find(column);
    return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
  }
  for (const std::string_view wanted : {"caption", "text"}) {
    for (const auto& [key, value] : object.items()) {
      if (io::lower_ascii(key) == wanted) return value.get_ptr<const std::string*>();
    }
  }
  return nullptr;
}

void read_jsonl(ByteSource& source, const std::string& path, const std::string& column, CaptionCounts& counts, const CaptionVisitor& take) {
  std::int64_t good = 0;
  std::int64_t bad = 0;
  read_lines(source, counts, [&](std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    const nlohmann::json object = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
    const std::string* caption = object.is_object() ? text_of(object, column) : nullptr;
    ++(caption == nullptr ? bad : good);
    if (caption != nullptr) take_caption(*caption, counts, take);
  });
  counts.malformed += bad;
  if (good == 0 && bad > 0) {
    throw FileError(fmt::format("{}: found no line that is a JSON object with text for {}, expected one a line (--column)", path,
                                column.empty() ? "'caption' or 'text'" : "'" + column + "'"));
  }
}

bool is_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos; }

/// Place of the column whose number from 1 is given; nothing where it is given by name.
std::optional<std::size_t> numbered_place(const std::string& column) {
  if (!is_digits(column) || column.size() > 5 || column[0] == '0') return std::nullopt;
  return std::stoul(column) - 1;
}

std::string expected_columns(const std::string& column) {
  if (column.empty()) return "'caption' or 'text' (--column; a number where there is no header)";
  // What might be a number, and is none: a header may have the name 0.
  if (is_digits(column)) return "a number from 1 or a name of these (--column)";
  return "'" + column + "' (--column; a number where there is no header)";
}

/// Place of the column in a header.
std::size_t column_of(const std::vector<std::string>& header, const std::string& path, const std::string& column) {
  for (const std::string& wanted : column.empty() ? std::vector<std::string>{"caption", "text"} : std::vector<std::string>{column}) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      if ((column.empty() ? io::lower_ascii(header[i]) : header[i]) == wanted) return i;
    }
  }
  std::string names;
  for (const std::string& name : header) names += (names.empty() ? "'" : ", '") + name + "'";
  throw FileError(fmt::format("{}: found the columns {}, expected {}", path, names.substr(0, 1000), expected_columns(column)));
}

/// Place of the column, by the header.
std::size_t place_in(const data::Record& header, const std::string& path, const std::string& column) {
  // An open quote may have taken in all that follows: there is nothing left to count.
  if (!header.fault.empty()) throw FileError(fmt::format("{}: header: {}", path, header.fault));
  return column_of(header.fields, path, column);
}

void take_record(const data::Record& record, std::size_t place, CaptionCounts& counts, const CaptionVisitor& take) {
  if (!record.fault.empty()) ++counts.malformed;
  else if (record.too_long) ++counts.too_long;
  else if (record.fields.size() <= place) ++counts.malformed;
  else take_caption(record.fields[place], counts, take);
}

void read_table(ByteSource& source, const std::string& path, char separator, const std::string& column, CaptionCounts& counts,
                const CaptionVisitor& take) {
  const std::optional<std::size_t> number = numbered_place(column);
  std::optional<std::size_t> place = number;
  std::size_t widest = 0;  // of the records whose fields are known
  data::for_each_record(source, {separator, separator == ','}, [&](const data::Record& record) {
    if (record.fault.empty()) {
      if (record.fields.size() == 1 && record.fields[0].empty()) return;  // an empty line
      widest = std::max(widest, record.fields.size());
    }
    if (place) take_record(record, *place, counts, take);
    else place = place_in(record, path, column);
  });
  if (!number || widest == 0 || widest > *number) return;
  throw FileError(fmt::format("{}: found no record of more than {}, expected column {} (--column)", path,
                              counted(static_cast<std::int64_t>(widest), "column"), column));
}

/// A whole line would be taken where a part of it was asked for.
void check_column(const std::string& path, CaptionFormat format, const std::string& column) {
  if (column.empty() || format != CaptionFormat::text) return;
  throw ArgumentError(fmt::format("--column: got '{}' for {}, which is read as text, a caption a line; expected a file of another format (--format)",
                                  column, path == "-" ? "standard input" : path));
}

}  // namespace

void read_captions(const std::string& path, const CaptionRequest& request, CaptionCounts& counts, const CaptionVisitor& take) {
  const CaptionFormat format = format_of(path, request.format);
  check_column(path, format, request.column);
  if (format == CaptionFormat::parquet) {
    if (path == "-") throw ArgumentError("FILE: got '-' with --format parquet; expected a file, as Parquet is not read in order");
    data::open_bytes(path, signals::throw_if_stop_requested);  // says of a file that is not there what is said of all others
    const auto source = data::run_reader(request.python, data::parquet_reader("io", parquet_program), {path, request.column}, path,
                                          signals::throw_if_stop_requested);
    read_text(*source, counts, take);
    return;
  }
  const auto source = data::open_stream(path, signals::throw_if_stop_requested);
  const std::string name = path == "-" ? "standard input" : path;
  switch (format) {
    case CaptionFormat::jsonl: return read_jsonl(*source, name, request.column, counts, take);
    case CaptionFormat::csv: return read_table(*source, name, ',', request.column, counts, take);
    case CaptionFormat::tsv: return read_table(*source, name, '\t', request.column, counts, take);
    default: return read_text(*source, counts, take);
  }
}

}  // namespace splice_cuda::cli

// Tables of records on disk.

#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "data/byte_source.hpp"
#include "data/delimited_records.hpp"
#include "data/python_reader.hpp"
#include "data/read_delimited.hpp"
#include "data/row_builder.hpp"
#include "io/ascii.hpp"
#include "splice_cuda/dataset.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {
namespace {

using data::ByteSource;
using data::Record;

/// Writes the table as CSV.
constexpr const char* parquet_program = R"python(
try:
    file = pyarrow.parquet.ParquetFile(arguments[0])
    for field in file.schema_arrow:
        kind = field.type.value_type if pyarrow.types.is_dictionary(field.type) else field.type
        t = pyarrow.types
        known = (t.is_string, t.is_large_string, getattr(t, "is_string_view", t.is_string), t.is_boolean, t.is_integer, t.is_floating, t.is_decimal,
                 t.is_temporal, t.is_null)
        if not any(is_known(kind) for is_known in known):
            sys.exit(f"column {field.name!r} holds {kind}, expected text, numbers, true and false")
    def text(value):
        return "" if value is None else "true" if value is True else "false" if value is False else str(value)
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    table = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    table.writerow(file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=1024, use_threads=False):
        table.writerows(zip(*([text(value) for value in column.to_pylist()] for column in batch.columns)))
    out.flush()
except MemoryError:
    sys.exit("found Parquet data that takes more than 2 GiB to read, expected smaller row groups")
except (OSError, pyarrow.ArrowException, UnicodeError) as error:
    sys.exit("found no readable Parquet data (" + " ".join(str(error).split()) + ")")
)python";

[[noreturn]] void fail(const std::string& path, std::int64_t number, const std::string& what) {
  throw FileError(path + ": record " + std::to_string(number) + ": " + what);
}

RecordTable read_jsonl(ByteSource& source, const std::string& path) {
  data::RowBuilder rows(path);
  std::int64_t number = 0;
  data::for_each_record(source, {.at_once = true}, [&](const Record& record) {
    ++number;
    data::check_text(path, number, record);
    const std::string& line = record.fields.front();
    if (line.find_first_not_of(" \t\r") == std::string::npos) return;
    const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object()) fail(path, number, "found no JSON object; expected one a line");
    rows.next();
    for (const auto& [key, value] : object.items()) {
      if (value.is_structured()) {
        fail(path, number, "found a list or an object for '" + key + "'; expected text, a number, true, false or null");
      }
      if (key.empty()) fail(path, number, "found a key without a name");
      rows.set(key, value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump());
    }
  });
  if (rows.rows() == 0) throw FileError(path + ": found no record; expected a JSON object a line");
  return rows.take();
}

}  // namespace

RecordTable read_records(const std::filesystem::path& path, const RecordFileOptions& options) {
  const std::string text = path.string();
  std::string name = io::lower_ascii(path.filename().string());
  const std::unique_ptr<ByteSource> bytes = data::open_bytes(text, options.stop);
  if (name.ends_with(".parquet")) {
    return data::read_delimited(*data::run_reader(options.python, data::parquet_reader("csv, io", parquet_program), {text}, text, options.stop), text, ',');
  }
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  if (name.ends_with(".jsonl") || name.ends_with(".ndjson")) return read_jsonl(*bytes, text);
  return data::read_delimited(*bytes, text, name.ends_with(".tsv") ? '\t' : ',');
}

}  // namespace splice_cuda

#include "data/mat_file.hpp"

#include <memory>
#include <string>
#include <vector>

#include "data/byte_source.hpp"
#include "data/python_reader.hpp"
#include "data/read_delimited.hpp"

namespace splice_cuda::data {
namespace {

/// Writes the elements as CSV.
constexpr const char* mat_program = R"python(
path, variable, *fields = arguments
try:
    with open(path, "rb") as file:
        found = scipy.io.loadmat(file, variable_names=[variable], squeeze_me=True, struct_as_record=True, chars_as_strings=True)
    if variable not in found:
        sys.exit(f"found no variable {variable!r}")
    elements = numpy.atleast_1d(found[variable])
    missing = [name for name in fields if name not in (elements.dtype.names or ())]
    if missing:
        sys.exit(f"found no field {missing[0]!r} in {variable!r}, expected a struct array that has it")
    def text(value):
        value = numpy.asarray(value)
        if value.size == 0:
            return ""
        if value.size != 1 or value.dtype.kind not in "UiufbO":
            raise ValueError(f"{variable!r} holds other values than texts and numbers")
        value = value.item()
        if not isinstance(value, (str, int, float)):
            raise ValueError(f"{variable!r} holds other values than texts and numbers")
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    table = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    table.writerow(fields or [variable])
    for element in elements.flat:
        table.writerow([text(element[name]) for name in fields] if fields else [text(element)])
    out.flush()
except MemoryError:
    sys.exit("found a .mat file that claims to hold more than 2 GiB")
except Exception as error:
    sys.exit(f"found no readable .mat data of version 5 ({type(error).__name__}: {' '.join(str(error).split())[:300]})")
)python";

}  // namespace

RecordTable read_mat(const std::filesystem::path& path, const std::string& variable, const std::vector<std::string>& fields,
                     const RecordFileOptions& options) {
  const std::string text = path.string();
  open_bytes(text, options.stop);  // says of a file that is not there what is said of all others
  std::vector<std::string> arguments = {text, variable};
  arguments.insert(arguments.end(), fields.begin(), fields.end());
  // A damaged file may hold lists that never end.
  const PythonReader reader{.suffix = ".mat", .package = "scipy", .modules = "csv, io, numpy, scipy.io", .cpu_seconds = 120, .body = mat_program};
  return read_delimited(*run_reader(options.python, reader, arguments, text, options.stop), text, ',');
}

}  // namespace splice_cuda::data

#include "data/mat_file.hpp"

#include <memory>
#include <string>
#include <vector>

#include "data/byte_source.hpp"
#include "data/read_delimited.hpp"

namespace splice_cuda::data {
namespace {

/// Writes the elements as CSV. Its own folder, which "" in sys.path means, is no place to import from. A file may claim
/// more than a machine holds, and lists that never end.
constexpr const char* mat_program = R"python(
import sys
sys.path = [p for p in sys.path if p]
path, variable, *fields = sys.argv[1:]
try:
    import csv, io, numpy, resource, scipy.io
except ImportError as error:
    sys.exit(f"reading .mat needs scipy in {sys.executable} ({error}); python3 -m pip install scipy, "
             "or name a Python that has it by --python")
with open("/proc/self/statm") as statm:
    taken = int(statm.read().split()[0]) * resource.getpagesize()
for kind, most in ((resource.RLIMIT_AS, taken + (2 << 30)), (resource.RLIMIT_CPU, 120)):
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard < 0 else min(hard, most), hard))
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
  std::vector<std::string> arguments = {options.python, "-c", mat_program, text, variable};
  arguments.insert(arguments.end(), fields.begin(), fields.end());
  return read_delimited(*run_program(arguments, text, options.stop), text, ',');
}

}  // namespace splice_cuda::data

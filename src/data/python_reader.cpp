#include "data/python_reader.hpp"

namespace splice_cuda::data {

PythonReader parquet_reader(const std::string& modules, const std::string& body) {
  return {.suffix = ".parquet",
          .package = "pyarrow",
          .modules = modules + ", pyarrow, pyarrow.parquet",
          .setup = R"python(
pyarrow.set_memory_pool(pyarrow.system_memory_pool())
pyarrow.set_cpu_count(1)
pyarrow.set_io_thread_count(1)
)python",
          .body = body};
}

std::unique_ptr<ByteSource> run_reader(const std::string& python, const PythonReader& reader, const std::vector<std::string>& arguments,
                                       const std::string& name, const StopCheck& stop) {
  const std::string program = R"python(
import os, sys
try:
    here = os.path.realpath(".")
except OSError:  # a folder that is gone
    here = None
sys.path = [p for p in sys.path if os.path.isabs(p) and os.path.realpath(p) != here]
suffix, package, seconds, *arguments = sys.argv[1:]
try:
    import resource, )python" + reader.modules +
                              R"python(
except ImportError as error:
    sys.exit(f"reading {suffix} needs {package} in {sys.executable} ({error}); python3 -m pip install {package}, "
             "or name a Python that has it by --python")
)python" + reader.setup + R"python(
with open("/proc/self/statm") as statm:
    taken = int(statm.read().split()[0]) * resource.getpagesize()
for kind, most in ((resource.RLIMIT_AS, taken + (2 << 30)), (resource.RLIMIT_CPU, int(seconds))):
    if most > 0:
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard < 0 else min(hard, most), hard))
)python" + reader.body;
  std::vector<std::string> all = {python, "-c", program, reader.suffix, reader.package, std::to_string(reader.cpu_seconds)};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_program(all, name, stop);
}

}  // namespace splice_cuda::data

#pragma once

/// @file python_reader.hpp
/// Formats that a package of Python reads: by a program of its own, so that a damaged file can't harm this process.

#include <memory>
#include <string>
#include <vector>

#include "data/byte_source.hpp"

namespace splice_cuda::data {

struct PythonReader {
  std::string suffix;      ///< what messages call the format: ".mat"
  std::string package;     ///< what `pip install` brings
  std::string modules;     ///< imported, parted by commas
  std::string setup = {};  ///< lines that go before the limits
  int cpu_seconds = 0;     ///< most of the processor's time; 0 = any
  std::string body;        ///< lines that write to stdout; `arguments` is the list given
};

/// A reader of Parquet files, without threads and pools, whose address space would count.
PythonReader parquet_reader(const std::string& modules, const std::string& body);

/// Runs the reader's program with at most 2 GiB beside what its packages take: a file may claim to hold more than a machine does.
/// The current folder, which "" in sys.path means and an empty item of PYTHONPATH becomes, is no place to import from.
/// @param name  what messages call the source
/// @throws FileError where the program can't be started; in `read`, "NAME: " and what the program said
std::unique_ptr<ByteSource> run_reader(const std::string& python, const PythonReader& reader, const std::vector<std::string>& arguments,
                                       const std::string& name, const StopCheck& stop = {});

}  // namespace splice_cuda::data

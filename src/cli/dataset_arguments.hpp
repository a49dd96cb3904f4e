#pragma once

/// @file dataset_arguments.hpp
/// A dataset on the command line.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "splice_cuda/dataset.hpp"

namespace splice_cuda::cli {

struct DatasetArguments {
  std::string dataset;  ///< KIND:PATH; empty: none
  std::string split;
  std::int64_t limit = 0;  ///< 0: none
  std::string root;
  std::string python = "python3";
};
/// --dataset, and what add_dataset_choices adds, which without --dataset is an ArgumentError (--python but where a table is read).
void add_dataset_options(CLI::App& verb, DatasetArguments& arguments);
/// --split, --limit, --root and --python.
void add_dataset_choices(CLI::App& verb, DatasetArguments& arguments);
/// --python, which is an ArgumentError where no table is read.
void add_python_option(CLI::App& verb, DatasetArguments& arguments);

/// For tables of records and devkits; waits end with Ctrl-C.
RecordFileOptions record_file_options(const DatasetArguments& arguments);

/// @throws ArgumentError that names the option, FileError
Dataset open_dataset(const DatasetArguments& arguments);

}  // namespace splice_cuda::cli

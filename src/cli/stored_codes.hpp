#pragma once

/// @file stored_codes.hpp
/// A codes.npz together with the dictionary it was made with.

#include <CLI/CLI.hpp>
#include <string>

#include "cli/run_settings.hpp"
#include "io/npz.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {

struct StoredCodesArguments {
  std::string codes;
  std::string dictionary;  ///< empty: the one the file names
};
void add_stored_codes_options(CLI::App& verb, StoredCodesArguments& arguments);

struct StoredCodes {
  io::CodesFile file;
  RunSettings settings;
};
StoredCodes read_stored_codes(const StoredCodesArguments& arguments);

/// Whether the rows' names are texts. A file that does not say it has texts where a name has neither folder nor extension.
bool names_are_texts(const StoredCodes& stored);

/// open(), of a file that the codes name and that the command line did not: it may have moved since.
/// @param option  that says where it is now  @throws FileError (names both)
template <class Open>
auto named_by_codes(const std::string& codes, const std::string& option, Open open) {
  try {
    return open();
  } catch (const FileError& error) {
    throw FileError(error.what() + std::string("; '") + codes + "' names this file, " + option + " says where it is now");
  }
}

/// Where the dictionary is: as the command line says, else as the codes do; empty where neither does.
const std::string& dictionary_of(const StoredCodesArguments& arguments, const StoredCodes& stored);

/// The dictionary, with the mean that the run subtracted.
/// @throws FileError; ArgumentError where none is known, or its size is not the codes' columns
ConceptSpace load_space_of(const StoredCodesArguments& arguments, const StoredCodes& stored);

}  // namespace splice_cuda::cli

#pragma once

/// @file input_checks.hpp
/// What can be told to be wrong before any work is done.

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace splice_cuda::cli {

/// The output can be written, and is none of the inputs. @throws FileError, ArgumentError (named after the option that gave it)
void check_output(const std::filesystem::path& out, const std::vector<std::filesystem::path>& inputs, const std::string& option = "--out");

/// A dictionary can't be written as .npy, which is read as plain atoms. @throws ArgumentError
void check_dictionary_out(const std::string& out);

/// An output, and the option that gave it.
struct OutputFile {
  std::string option;
  std::filesystem::path path;
};

/// Whether two paths, of files that need not be there yet, name one place: "a.npy" and "./a.npy" do.
bool same_place(const std::filesystem::path& a, const std::filesystem::path& b);

/// Many paths, each of which is resolved once.
class Places {
 public:
  /// @returns false where an earlier one is the same_place
  bool add(const std::filesystem::path& path);

 private:
  std::set<std::filesystem::path> given_;     ///< as they were given: what tells those apart that can't be resolved
  std::set<std::filesystem::path> resolved_;
};

/// @throws ArgumentError (names both files and lengths)
void check_same_dim(const std::string& embeddings, std::int64_t embeddings_dim, const std::string& dictionary,
                    std::int64_t dictionary_dim);

/// @throws ArgumentError when codes of `rows` x `cols` do not belong to the embeddings or the dictionary
void check_code_shape(const std::string& codes, std::int64_t given, const std::string& what, std::int64_t expected);

}  // namespace splice_cuda::cli

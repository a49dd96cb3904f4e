#include "cli/stored_codes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/input_checks.hpp"
#include "cli/sha256.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {

void add_stored_codes_options(CLI::App& verb, StoredCodesArguments& arguments) {
  verb.add_option("codes", arguments.codes, "What splice decompose wrote (.npz)")->type_name("FILE")->required();
  verb.add_option("-d,--dictionary", arguments.dictionary, "Dictionary; default: the one that the file names")->type_name("FILE");
}

StoredCodes read_stored_codes(const StoredCodesArguments& arguments) {
  StoredCodes stored;
  stored.file = io::read_codes(arguments.codes);
  stored.settings = parse_run_settings(stored.file.options_json, arguments.codes);
  return stored;
}

bool names_are_texts(const StoredCodes& stored) {
  if (!stored.settings.names.empty()) return stored.settings.names == "texts";
  const auto is_path = [](const std::filesystem::path& name) { return name.has_parent_path() || name.extension().native().size() > 1; };
  return !std::all_of(stored.file.names.begin(), stored.file.names.end(), is_path);
}

const std::string& dictionary_of(const StoredCodesArguments& arguments, const StoredCodes& stored) {
  return arguments.dictionary.empty() ? stored.settings.dictionary : arguments.dictionary;
}

ConceptSpace load_space_of(const StoredCodesArguments& arguments, const StoredCodes& stored) {
  const std::string& path = dictionary_of(arguments, stored);
  if (path.empty()) {
    throw ArgumentError(fmt::format("--dictionary: got none, and '{}' names none; expected the dictionary of these codes",
                                    arguments.codes));
  }
  const auto load = [&] { return ConceptSpace::load(path); };
  ConceptSpace space = arguments.dictionary.empty() ? named_by_codes(arguments.codes, "--dictionary", load) : load();
  // Another dictionary of as many atoms would name every weight wrongly, and nothing else would tell.
  if (!stored.settings.dictionary_sha256.empty() && stored.settings.dictionary_sha256 != sha256_of_file(path)) {
    throw ArgumentError(fmt::format("--dictionary: got '{}', whose content is not that of the dictionary which '{}' was made "
                                    "with; expected a file with SHA-256 {}", path, arguments.codes,
                                    stored.settings.dictionary_sha256));
  }
  check_code_shape(arguments.codes, stored.file.codes.cols, "columns", space.size());
  // A foreign file says nothing of means: the dictionary's own stays.
  if (!stored.settings.dictionary.empty()) space.set_image_mean(stored.settings.image_mean);
  return space;
}

}  // namespace splice_cuda::cli

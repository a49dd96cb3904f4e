#include "cli/dataset_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/argument_parsing.hpp"
#include "cli/signals.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

/// Whether a table is read, which may be one that --python reads.
bool reads_table(const CLI::App& verb) {
  const std::array<const char*, 3> tables = {"--records", "--pairs-file", "--text-pairs"};
  return std::any_of(tables.begin(), tables.end(), [&](const char* name) {
    const CLI::Option* option = verb.get_option_no_throw(name);
    return option != nullptr && option->count() > 0;
  });
}

/// @throws ArgumentError for a choice among the samples of no dataset, which would go unheeded
void check_choices(const CLI::App& verb, const DatasetArguments& arguments) {
  if (!arguments.dataset.empty()) return;
  for (const char* name : {"--split", "--limit", "--root", "--python"}) {
    const CLI::Option& option = *verb.get_option(name);
    if (option.count() == 0 || (option.check_lname("python") && reads_table(verb))) continue;
    throw ArgumentError(fmt::format("{}: got '{}' and no --dataset; expected the dataset that it is of", name, option.results().back()));
  }
}

void add_program(CLI::App& verb, DatasetArguments& arguments) {
  verb.add_option("--python", arguments.python, "Python that reads .parquet (pyarrow) and .mat (scipy)")->type_name("PROGRAM")->capture_default_str();
}

}  // namespace

void add_dataset_options(CLI::App& verb, DatasetArguments& arguments) {
  verb.add_option("--dataset", arguments.dataset, "Pictures and their records in a dataset's own layout, instead of --images (docs/datasets.md)")
      ->type_name("KIND:PATH");
  add_dataset_choices(verb, arguments);
  // Once all is parsed: --dataset may stand behind what chooses among its samples.
  verb.parse_complete_callback([&verb, &arguments] { check_choices(verb, arguments); });
}

void add_dataset_choices(CLI::App& verb, DatasetArguments& arguments) {
  verb.add_option("--split", arguments.split, "Of --dataset only the samples of this split: train, val, test")->type_name("NAME");
  add_whole_number(verb, "--limit", arguments.limit, 0, std::int64_t{1} << 40, "Of --dataset only the first so many samples; 0: all");
  verb.add_option("--root", arguments.root, "What the paths of a manifest are relative to; default: its folder")->type_name("DIR");
  add_program(verb, arguments);
}

void add_python_option(CLI::App& verb, DatasetArguments& arguments) {
  add_program(verb, arguments);
  verb.parse_complete_callback([&verb, &arguments] {
    if (verb.get_option("--python")->count() == 0 || reads_table(verb)) return;
    throw ArgumentError(fmt::format("--python: got '{}' and no table; expected a table that it reads", arguments.python));
  });
}

RecordFileOptions record_file_options(const DatasetArguments& arguments) { return {arguments.python, signals::throw_if_stop_requested}; }

Dataset open_dataset(const DatasetArguments& arguments) {
  try {
    return Dataset::open(arguments.dataset, DatasetOptions{arguments.split, arguments.limit, arguments.root, record_file_options(arguments)});
  } catch (const ArgumentError& error) {
    // Messages begin with the argument's name, which for three of them is that of the option.
    const std::string text = error.what();
    const bool own = text.starts_with("dataset: ") || text.starts_with("split: ") || text.starts_with("root: ");
    throw ArgumentError(own ? "--" + text : fmt::format("--dataset: {}", text));
  }
}

}  // namespace splice_cuda::cli

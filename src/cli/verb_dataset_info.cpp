#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/argument_parsing.hpp"
#include "cli/dataset_arguments.hpp"
#include "cli/experiments/add_verbs.hpp"
#include "cli/input_checks.hpp"
#include "cli/listing.hpp"
#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "cli/text_layout.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct DatasetInfoArguments {
  DatasetArguments dataset;
  std::string records_out;
  std::int64_t top = 20;
  ReportArguments report;
};

/// Samples of a group, in all and by split.
struct GroupCount {
  std::string name;
  std::int64_t samples = 0;
  std::vector<std::int64_t> by_split;
};

RowGroups groups_of(const RecordTable& records, const char* column) {
  return records.has(column) ? RowGroups::of(records.column(column)) : RowGroups{};
}

std::vector<GroupCount> count_labels(const RowGroups& labels, const RowGroups& splits) {
  std::vector<GroupCount> counts;
  for (const std::string& name : labels.names) counts.push_back({name, 0, std::vector<std::int64_t>(splits.names.size(), 0)});
  for (std::size_t i = 0; i < labels.of_row.size(); ++i) {
    if (labels.of_row[i] < 0) continue;
    GroupCount& count = counts[static_cast<std::size_t>(labels.of_row[i])];
    ++count.samples;
    if (!splits.of_row.empty() && splits.of_row[i] >= 0) ++count.by_split[static_cast<std::size_t>(splits.of_row[i])];
  }
  return counts;
}

nlohmann::ordered_json counts_json(const RowGroups& groups, const std::vector<std::int64_t>& counts) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) json[groups.names[i]] = counts[i];
  return json;
}

void print_json(const DatasetInfoArguments& a, const Dataset& dataset, const RowGroups& splits, const std::vector<GroupCount>& labels) {
  nlohmann::ordered_json json = {{"dataset", a.dataset.dataset}, {"kind", dataset.kind()}, {"samples", dataset.size()},
                                 {"columns", dataset.records().names()}, {"splits", counts_json(splits, splits.counts())},
                                 {"labels", nlohmann::ordered_json::array()}, {"missing", nlohmann::ordered_json::array()}};
  for (const GroupCount& label : labels) {
    json["labels"].push_back({{"label", label.name}, {"samples", label.samples}, {"splits", counts_json(splits, label.by_split)}});
  }
  for (const MissingSample& missing : dataset.missing()) json["missing"].push_back({{"name", missing.name}, {"reason", missing.reason}});
  print_result(json_text(json, 2) + "\n");
}

void print_text(const DatasetInfoArguments& a, const Dataset& dataset, const RowGroups& splits, const std::vector<GroupCount>& labels) {
  std::string text = fmt::format("{}: {}\n", printable(a.dataset.dataset), counted(dataset.size(), "sample"));
  std::string columns;
  for (const std::string& name : dataset.records().names()) columns += (columns.empty() ? "" : ", ") + printable(name);
  text += "columns: " + columns + "\n";
  const std::vector<std::int64_t> split_counts = splits.counts();
  for (std::size_t i = 0; i < split_counts.size(); ++i) text += fmt::format("split {}: {}\n", printable(splits.names[i]), grouped(split_counts[i]));
  if (!labels.empty()) text += counted(static_cast<std::int64_t>(labels.size()), "label") + "\n";
  const std::size_t shown = std::min(labels.size(), static_cast<std::size_t>(a.top));
  for (std::size_t i = 0; i < shown; ++i) {
    std::string line = fmt::format("  {}: {}", printable(labels[i].name), grouped(labels[i].samples));
    if (split_counts.size() > 1) {
      for (std::size_t k = 0; k < split_counts.size(); ++k) {
        line += fmt::format("{}{} {}", k == 0 ? " (" : ", ", printable(splits.names[k]), grouped(labels[i].by_split[k]));
      }
      line += ")";
    }
    text += line + "\n";
  }
  if (shown < labels.size()) text += fmt::format("  and {} more\n", grouped(static_cast<std::int64_t>(labels.size() - shown)));
  const std::vector<MissingSample>& missing = dataset.missing();
  if (!missing.empty()) text += fmt::format("missing: {}\n", grouped(static_cast<std::int64_t>(missing.size())));
  const std::size_t told = std::min(missing.size(), static_cast<std::size_t>(a.top));
  for (std::size_t i = 0; i < told; ++i) text += fmt::format("  {}: {}\n", printable(missing[i].name), printable(missing[i].reason));
  if (told < missing.size()) text += fmt::format("  and {} more\n", grouped(static_cast<std::int64_t>(missing.size() - told)));
  print_result(text);
}

ExitCode describe(const DatasetInfoArguments& a) {
  const Dataset dataset = open_dataset(a.dataset);
  if (!a.records_out.empty()) {
    std::vector<std::filesystem::path> taken = dataset.sources();
    taken.insert(taken.end(), dataset.listed_files().begin(), dataset.listed_files().end());
    check_output(a.records_out, taken, "--records-out");
  }
  const RowGroups splits = groups_of(dataset.records(), "split");
  const std::vector<GroupCount> labels = count_labels(groups_of(dataset.records(), "label"), splits);
  signals::throw_if_stop_requested();
  if (!a.records_out.empty()) write_records(a.records_out, dataset.records());
  if (a.report.json) print_json(a, dataset, splits, labels);
  else print_text(a, dataset, splits, labels);
  if (!a.records_out.empty()) print_note(a.report.quiet, "wrote " + a.records_out);
  return ExitCode::ok;
}

}  // namespace

void add_dataset_info(CLI::App& dataset, Run& chosen) {
  CLI::App* verb = dataset.add_subcommand("info", "What a dataset holds: samples of each split and label, and what is missing");
  const auto a = std::make_shared<DatasetInfoArguments>();
  verb->add_option("dataset", a->dataset.dataset, "One of the kinds of docs/datasets.md and where it is: cifar10:FOLDER")
      ->type_name("KIND:PATH")
      ->required();
  add_dataset_choices(*verb, a->dataset);
  verb->add_option("--records-out", a->records_out, "Write a record for each sample here (.csv)")->type_name("FILE");
  add_whole_number(*verb, "--top", a->top, 0, 1000000, "Print this many labels, and this many of what is missing");
  add_report_options(*verb, a->report);
  verb->footer("Example:\n  splice dataset info cifar10:cifar-10-batches-bin");
  verb->callback([a, &chosen] { chosen = [a] { return describe(*a); }; });
}

}  // namespace splice_cuda::cli

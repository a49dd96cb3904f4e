#include "cli/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/numbers_text.hpp"

namespace splice_cuda::cli {

Summary summarize(const io::CodesFile& file, double seconds) {
  Summary summary;
  summary.rows = file.codes.rows;
  summary.seconds = seconds;
  std::int64_t solved = 0;
  std::vector<double> penalties;
  for (std::size_t i = 0; i < file.reports.size(); ++i) {
    const RowReport& report = file.reports[i];
    ++summary.by_status[static_cast<std::size_t>(report.status)];
    if (report.status != RowStatus::certified && report.status != RowStatus::budget_exhausted) continue;
    ++solved;
    penalties.push_back(report.l1_penalty);
    summary.mean_l0 += static_cast<double>(file.codes.l0(static_cast<std::int64_t>(i)));
    summary.mean_rounds += report.rounds;
    summary.largest_gap = std::max(summary.largest_gap, report.gap);
    if (i < file.cosine.size()) summary.mean_cosine += static_cast<double>(file.cosine[i]);
  }
  if (solved > 0) {
    for (double* mean : {&summary.mean_l0, &summary.mean_rounds, &summary.mean_cosine}) *mean /= static_cast<double>(solved);
  }
  if (!penalties.empty()) {
    std::sort(penalties.begin(), penalties.end());
    summary.smallest_penalty = penalties.front();
    summary.median_penalty = (penalties[(penalties.size() - 1) / 2] + penalties[penalties.size() / 2]) / 2;
    summary.largest_penalty = penalties.back();
  }
  return summary;
}

std::string to_text(const Summary& summary) {
  if (summary.rows == 0) return "0 rows: nothing to decompose\n";
  const std::int64_t certified = summary.count(RowStatus::certified) + summary.count(RowStatus::zero_embedding);
  std::string text = fmt::format("{} in {} ({} rows/s): {} certified, largest gap {:.1e}, {:.1f} concepts a row, cosine {:.3f}\n",
                                 counted(summary.rows, "row"), duration(summary.seconds),
                                 rate(static_cast<double>(summary.rows) / summary.seconds),
                                 percent(certified, summary.rows), summary.largest_gap, summary.mean_l0, summary.mean_cosine);
  if (summary.smallest_penalty < summary.largest_penalty) {
    text += fmt::format("l1_penalty of a row: {:.3g} to {:.3g}, median {:.3g}\n", summary.smallest_penalty,
                        summary.largest_penalty, summary.median_penalty);
  }
  const auto add = [&](RowStatus status, const char* meaning) {
    if (const std::int64_t rows = summary.count(status)) text += fmt::format("{} {}\n", counted(rows, "row"), meaning);
  };
  add(RowStatus::budget_exhausted, "out of budget (budget_exhausted): not certified, but the gap is a true bound");
  add(RowStatus::non_finite_input, "with NaN or infinity (non_finite_input): empty code");
  add(RowStatus::zero_embedding, "of zeros (zero_embedding): empty code");
  return text;
}

nlohmann::ordered_json to_json(const Summary& summary) {
  nlohmann::ordered_json json;
  json["rows"] = summary.rows;
  for (const RowStatus status : {RowStatus::certified, RowStatus::budget_exhausted, RowStatus::non_finite_input, RowStatus::zero_embedding}) {
    json[std::string(to_string(status))] = summary.count(status);
  }
  json["mean_l0"] = summary.mean_l0;
  json["mean_cosine"] = summary.mean_cosine;
  json["l1_penalty"] = {{"smallest", summary.smallest_penalty}, {"median", summary.median_penalty}, {"largest", summary.largest_penalty}};
  json["largest_gap"] = summary.largest_gap;
  json["mean_rounds"] = summary.mean_rounds;
  json["seconds"] = summary.seconds;
  if (!summary.device.empty()) json["device"] = summary.device;
  return json;
}

}  // namespace splice_cuda::cli

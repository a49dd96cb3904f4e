#include "device_case.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

#include "backend/backend.hpp"
#include "splice_cuda/decompose.hpp"
#include "splice_cuda/device_codes.hpp"
#include "statistics.hpp"
#include "stopwatch.hpp"

namespace splice_cuda::bench {
namespace {

bool same_codes(const SparseCodes& a, const SparseCodes& b) {
  return a.row_offsets == b.row_offsets && a.atom_indices == b.atom_indices && a.values == b.values;
}

void add_outcome(nlohmann::json& line, const DecomposeResult& result) {
  double certified = 0;
  double rounds = 0;
  double max_relative_gap = 0;
  for (const RowReport& report : result.reports) {
    certified += report.status == RowStatus::certified ? 1 : 0;
    rounds += report.rounds;
    max_relative_gap = std::max(max_relative_gap, 2 * report.gap);  // |z| = 1
  }
  const auto rows = static_cast<double>(result.codes.rows);
  line["certified_share"] = certified / rows;
  line["max_relative_gap"] = max_relative_gap;
  line["mean_l0"] = static_cast<double>(result.codes.nnz()) / rows;
  line["mean_rounds"] = rounds / rows;
}

DecomposeOptions options_of(const Wanted& wanted) {
  DecomposeOptions options;
  if (wanted.key == "target_l0") {
    options.target_l0 = static_cast<std::int32_t>(wanted.value);
  } else if (wanted.key == "target_cosine") {
    options.target_cosine = static_cast<float>(wanted.value);
  } else {
    options.l1_penalty = static_cast<float>(wanted.value);
  }
  return options;
}

/// One call, to its end, and its result on the host.
class Run {
 public:
  Run(const Context& context, const Dictionary& dictionary, const MatrixView<const float>& rows, const Wanted& wanted)
      : context_(context), dictionary_(dictionary), rows_(rows), options_(options_of(wanted)) {}

  double seconds(DecomposeResult& result) const {
    if (rows_.device == Device::cpu()) {
      return seconds_of([&] { result = decompose(context_, dictionary_, rows_, options_); });
    }
    DeviceDecomposeResult there;
    const double seconds = seconds_of([&] {
      there = decompose_on_device(context_, dictionary_, rows_, options_);
      context_.backend().synchronize();
    });
    result = to_host(context_, there);
    return seconds;
  }

 private:
  const Context& context_;
  const Dictionary& dictionary_;
  MatrixView<const float> rows_;
  DecomposeOptions options_;
};

}  // namespace

std::string name_of(const DeviceCase& one, const std::string& problem, const Dictionary& dictionary) {
  std::ostringstream text;
  text << "device/" << problem << "/p:" << dictionary.size() << "/d:" << dictionary.dim() << "/n:" << one.rows
       << '/' << one.wanted.key << ':' << one.wanted.value << '/' << to_string(dictionary.device());
  return text.str();
}

nlohmann::json run_device_case(const DeviceCase& one, const MatrixView<const float>& rows, const Context& context,
                               const Dictionary& dictionary) {
  const Run run(context, dictionary, rows.slice(0, one.rows), one.wanted);
  DecomposeResult first;
  nlohmann::json line;
  line["first_s"] = run.seconds(first);

  std::vector<double> seconds;
  bool same_bits = true;
  const double start = wall_clock();
  do {
    DecomposeResult result;
    seconds.push_back(run.seconds(result));
    same_bits = same_bits && same_codes(first.codes, result.codes);
  } while (static_cast<int>(seconds.size()) < one.repetitions && wall_clock() - start < one.seconds_limit);

  const auto count = static_cast<double>(one.rows);
  line["seconds"] = seconds;
  line["us_per_row"] = 1e6 * median(seconds) / count;
  line["rows_per_s"] = count / median(seconds);
  line["rows_per_s_q1"] = count / quantile(seconds, 0.75);
  line["rows_per_s_q3"] = count / quantile(seconds, 0.25);
  line["same_bits"] = same_bits;
  add_outcome(line, first);
  return line;
}

}  // namespace splice_cuda::bench

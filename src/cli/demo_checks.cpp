#include "cli/demo_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/numbers_text.hpp"
#include "cli/summary.hpp"

namespace splice_cuda::cli {
namespace {

/// The largest gap in units of the tolerance, by brute force over every atom.
double worst_recomputed(const Context& context, const ConceptSpace& space, MatrixView<const float> raw, const io::CodesFile& file,
                        const DecomposeOptions& options) {
  std::vector<float> prepared(static_cast<std::size_t>(raw.rows * raw.cols));
  const MatrixView<float> z(prepared.data(), raw.rows, raw.cols);
  space.prepare(raw, z);
  double worst = 0;
  const auto reports = certify(context, space.dictionary(context), z, file.codes, options);
  for (std::int64_t row = 0; row < raw.rows; ++row) {
    double square = 0;
    for (std::int64_t k = 0; k < z.cols; ++k) square += static_cast<double>(z.row(row)[k]) * static_cast<double>(z.row(row)[k]);
    const double relative = reports[static_cast<std::size_t>(row)].gap / (options.solve.gap_tolerance * square / 2);
    worst = std::isfinite(relative) ? std::max(worst, relative) : relative;
  }
  return worst;
}

}  // namespace

std::vector<Check> certificate_checks(const Context& context, const ConceptSpace& space, MatrixView<const float> raw, const io::CodesFile& file,
                                      const DecomposeOptions& options) {
  const std::int64_t certified = summarize(file, 0).count(RowStatus::certified);
  const double worst = worst_recomputed(context, space, raw, file, options);
  return {{fmt::format("every row certified: {} of {}", grouped(certified), grouped(raw.rows)), certified == raw.rows},
          {fmt::format("certificates recomputed by brute force in fp64: largest gap {:.2f} of the tolerance", worst), worst <= 1}};
}

std::string checks_text(const std::vector<Check>& checks) {
  std::string text;
  for (const Check& check : checks) text += (check.passed ? "ok      " : "FAILED  ") + check.what + "\n";
  return text;
}

bool all_passed(const std::vector<Check>& checks) {
  return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.passed; });
}

}  // namespace splice_cuda::cli

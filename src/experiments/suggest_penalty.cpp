#include "splice_cuda/suggest_penalty.hpp"

#include <algorithm>
#include <vector>

#include "core/validate.hpp"

namespace splice_cuda {
namespace {

/// Evenly spread rows: those of a file often lie class by class.
std::vector<float> spread_rows(MatrixView<const float> sample, std::int64_t count) {
  std::vector<float> rows;
  rows.reserve(static_cast<std::size_t>(count * sample.cols));
  for (std::int64_t i = 0; i < count; ++i) {
    const float* row = sample.row(i * sample.rows / count);
    rows.insert(rows.end(), row, row + sample.cols);
  }
  return rows;
}

Context cpu_like(const Context& context) {
  ContextOptions options;
  options.threads = context.options().threads;
  options.memory_limit_bytes = context.options().memory_limit_bytes;
  options.cancel = context.options().cancel;
  return Context(Device::cpu(), options);
}

}  // namespace

std::optional<float> suggest_penalty(const ConceptSpace& space, const Context& context, MatrixView<const float> sample,
                                     const DecomposeOptions& options, const PrepareOptions& prepare, std::int32_t l0) {
  if (l0 < 1) fail_argument("l0", std::to_string(l0), "at least 1");
  check_device("sample", sample.device, Device::cpu());
  const std::int64_t count = std::min(sample.rows, suggestion_rows);
  const std::vector<float> rows = spread_rows(sample, count);
  DecomposeOptions solve = options;
  solve.l1_penalties = {};
  solve.target_cosine = 0;
  solve.target_l0 = l0;
  solve.refit = false;
  solve.warm_start = nullptr;
  solve.solve.solver = SolverKind::working_set;
  const DecomposeResult result = space.decompose(cpu_like(context), MatrixView<const float>(rows.data(), count, sample.cols), solve, prepare);
  std::vector<double> penalties;
  for (std::int64_t i = 0; i < count; ++i) {
    if (result.codes.l0(i) > 0) penalties.push_back(result.reports[static_cast<std::size_t>(i)].l1_penalty);
  }
  if (penalties.empty()) return std::nullopt;
  const auto middle = penalties.begin() + static_cast<std::ptrdiff_t>((penalties.size() - 1) / 2);
  std::nth_element(penalties.begin(), middle, penalties.end());
  return static_cast<float>(*middle);
}

}  // namespace splice_cuda

#include <algorithm>
#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "core/call_monitor.hpp"
#include "core/memory_errors.hpp"
#include "core/parallel.hpp"
#include "core/problem.hpp"
#include "core/validate.hpp"
#include "splice_cuda/decompose.hpp"

namespace splice_cuda {

namespace {

void certify_rows(const Context& context, const Problem& problem, const SparseCodes& codes,
                  std::span<RowReport> reports) {
  constexpr std::int64_t rows_at_once = 64;
  const Backend& backend = context.backend();
  const auto rows = static_cast<std::int64_t>(reports.size());
  CallMonitor monitor(context.options(), rows);
  std::atomic<std::int64_t> next{0};
  const std::int64_t workers = std::min<std::int64_t>(backend.workers(), rows / rows_at_once + 1);
  run_workers(static_cast<int>(workers), [&](int) {
    for (;;) {
      const std::int64_t first = next.fetch_add(rows_at_once);
      if (first >= rows) return;
      const std::int64_t count = std::min(rows_at_once, rows - first);
      backend.certify(problem, codes, first,
                      reports.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
      monitor.advance(count);
    }
  });
}

}  // namespace

std::vector<RowReport> certify(const Context& context, const Dictionary& dictionary,
                               EmbeddingsView embeddings, const SparseCodes& codes,
                               const DecomposeOptions& options) {
  return with_memory_errors("certifying " + std::to_string(embeddings.rows) + " rows", [&] {
    context.backend().begin_call();
    const Problem problem = resolve_problem_of_codes(context, dictionary, embeddings, options);
    check_codes("codes", codes, embeddings.rows, dictionary.size());
    std::vector<RowReport> reports(static_cast<std::size_t>(embeddings.rows));
    certify_rows(context, problem, codes, reports);
    return reports;
  });
}

}  // namespace splice_cuda

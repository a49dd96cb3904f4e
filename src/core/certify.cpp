#include <algorithm>
#include <atomic>
#include <span>

#include "backend/backend.hpp"
#include "core/call_monitor.hpp"
#include "core/parallel.hpp"
#include "core/problem.hpp"
#include "core/validate.hpp"
#include "splice_cuda/decompose.hpp"

namespace splice_cuda {

std::vector<RowReport> certify(const Context& context, const Dictionary& dictionary,
                               EmbeddingsView embeddings, const SparseCodes& codes,
                               const DecomposeOptions& options) {
  const Problem problem = resolve_problem(context, dictionary, embeddings, options);
  check_codes("codes", codes, embeddings.rows, dictionary.size());
  std::vector<RowReport> reports(static_cast<std::size_t>(embeddings.rows));
  constexpr std::int64_t rows_at_once = 64;
  const Backend& backend = context.backend();
  CallMonitor monitor(context.options(), embeddings.rows);
  std::atomic<std::int64_t> next{0};
  run_workers(static_cast<int>(std::min<std::int64_t>(backend.workers(),
                                                      embeddings.rows / rows_at_once + 1)),
              [&](int) {
                for (;;) {
                  const std::int64_t first = next.fetch_add(rows_at_once);
                  if (first >= embeddings.rows) return;
                  const std::int64_t count = std::min(rows_at_once, embeddings.rows - first);
                  backend.certify(problem, codes, first,
                                  std::span(reports).subspan(static_cast<std::size_t>(first),
                                                             static_cast<std::size_t>(count)));
                  monitor.advance(count);
                }
              });
  return reports;
}

}  // namespace splice_cuda

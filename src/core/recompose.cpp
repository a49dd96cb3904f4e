#include "splice_cuda/recompose.hpp"

#include <algorithm>
#include <atomic>
#include <string>

#include "backend/backend.hpp"
#include "core/memory_errors.hpp"
#include "core/parallel.hpp"
#include "core/validate.hpp"

namespace splice_cuda {

void recompose(const Context& context, const Dictionary& dictionary, const SparseCodes& codes,
               MatrixView<float> reconstruction) {
  context.backend().begin_call();
  check_matrix("reconstruction", reconstruction.data, reconstruction.rows, reconstruction.cols,
               reconstruction.ld);
  if (reconstruction.cols != dictionary.dim()) {
    fail_argument("reconstruction", std::to_string(reconstruction.cols) + " columns",
                  "the dictionary's dimension, " + std::to_string(dictionary.dim()));
  }
  check_placed("reconstruction", reconstruction, context);
  check_same_device("dictionary", dictionary.device(), context.device());
  check_codes("codes", codes, reconstruction.rows, dictionary.size());
  constexpr std::int64_t rows_at_once = 256;
  const Backend& backend = context.backend();
  std::atomic<std::int64_t> next{0};
  const std::int64_t workers = std::min<std::int64_t>(backend.workers(), codes.rows / rows_at_once + 1);
  with_memory_errors("recomposing " + std::to_string(codes.rows) + " rows", [&] {
    run_workers(static_cast<int>(workers), [&](int) {
      for (;;) {
        const std::int64_t first = next.fetch_add(rows_at_once);
        if (first >= codes.rows) return;
        const std::int64_t count = std::min(rows_at_once, codes.rows - first);
        backend.recompose(dictionary.data(), codes, first, count, reconstruction.slice(first, count));
      }
    });
  });
}

}  // namespace splice_cuda

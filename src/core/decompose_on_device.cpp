#include "splice_cuda/device_codes.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "core/huge_pages.hpp"
#include "core/memory_errors.hpp"
#include "core/problem.hpp"
#include "core/solve_in_order.hpp"
#include "core/validate.hpp"
#include "splice_cuda/decompose.hpp"

namespace splice_cuda {
namespace {

/// Host memory as a device's.
DeviceDecomposeResult in_place(DecomposeResult result) {
  const auto kept = std::make_shared<const DecomposeResult>(std::move(result));
  DeviceDecomposeResult view;
  view.rows = kept->codes.rows;
  view.cols = kept->codes.cols;
  view.nnz = kept->codes.nnz();
  view.row_offsets = kept->codes.row_offsets.data();
  view.atom_indices = kept->codes.atom_indices.data();
  view.values = kept->codes.values.data();
  view.reports = kept->reports.data();
  view.memory = kept;
  return view;
}

template <class T>
std::vector<T> copied(const Backend& backend, const T* values, std::int64_t count) {
  std::vector<T> copy;
  reserve_in_huge_pages(copy, static_cast<std::size_t>(count));
  copy.resize(static_cast<std::size_t>(count));
  if (count > 0) backend.copy_to_host(copy.data(), values, copy.size() * sizeof(T));
  return copy;
}

}  // namespace

DeviceDecomposeResult decompose_on_device(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                                          const DecomposeOptions& options) {
  return with_memory_errors("decomposing " + std::to_string(embeddings.rows) + " rows", [&] {
    context.backend().begin_call();
    const Problem problem = resolve_problem(context, dictionary, embeddings, options);
    const std::unique_ptr<ResultSink> sink = context.backend().make_result_sink(problem);
    if (!sink) return in_place(decompose(context, dictionary, embeddings, options));
    solve_in_order(context, problem, *sink);
    return sink->finish();
  });
}

DecomposeResult to_host(const Context& context, const DeviceDecomposeResult& result) {
  if (result.row_offsets == nullptr) fail_argument("result", "no arrays", "what decompose_on_device has given");
  if (result.device != context.device()) {
    fail_argument("result", "arrays on " + to_string(result.device), "arrays on " + to_string(context.device()) +
                  ", where the context works");
  }
  return with_memory_errors("copying codes of " + std::to_string(result.rows) + " rows", [&] {
    const Backend& backend = context.backend();
    backend.begin_call();
    DecomposeResult copy;
    copy.codes.rows = result.rows;
    copy.codes.cols = result.cols;
    copy.codes.row_offsets = copied(backend, result.row_offsets, result.rows + 1);
    copy.codes.atom_indices = copied(backend, result.atom_indices, result.nnz);
    copy.codes.values = copied(backend, result.values, result.nnz);
    copy.reports = copied(backend, result.reports, result.rows);
    return copy;
  });
}

}  // namespace splice_cuda

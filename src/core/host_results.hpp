#pragma once

/// @file host_results.hpp
/// Results of a call in host memory, of tiles that hand their rows over in order.

#include <cstdint>
#include <utility>

#include "backend/backend.hpp"
#include "core/growing_result.hpp"
#include "splice_cuda/codes.hpp"

namespace splice_cuda {

class HostResults final : public OrderedSink {
 public:
  HostResults(std::int64_t rows, std::int64_t cols) : result_(start_result(rows, cols)) {}

  void accept(const RowResult& result) override;
  /// Without a look at each entry: a device hands over more rows a second than one could look at.
  void accept_batch(const RowBatch& batch) override;
  std::int64_t accepted() const override { return static_cast<std::int64_t>(result_.reports.size()); }

  /// Once, when all rows are there.
  DecomposeResult finish() { return std::move(result_); }

 private:
  DecomposeResult result_;
};

}  // namespace splice_cuda

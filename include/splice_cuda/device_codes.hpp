#pragma once

/// @file device_codes.hpp
/// Embeddings to sparse codes that stay where they were made: in device memory.

#include <cstdint>
#include <memory>

#include "splice_cuda/codes.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda {

/// What `decompose_on_device` gives: the arrays of a DecomposeResult in memory of `device`. Copies share the memory, which is
/// given back in the order of the context's stream when the last of them is gone.
struct DeviceDecomposeResult {
  Device device;
  std::int64_t rows = 0;
  std::int64_t cols = 0;                         ///< number of atoms p
  std::int64_t nnz = 0;
  const std::int64_t* row_offsets = nullptr;     ///< [rows + 1], ascending from 0 to nnz
  const std::int32_t* atom_indices = nullptr;    ///< [nnz], ascending within a row
  const float* values = nullptr;                 ///< [nnz], non-zero
  const RowReport* reports = nullptr;            ///< [rows]
  std::shared_ptr<const void> memory = nullptr;  ///< keeps the arrays alive
};

/// `decompose`, bit by bit, with results in memory of the context's device (of its allocator, where it has one). Work that is
/// enqueued on the context's stream afterwards may read them; anything else waits for that stream first. On the CPU they
/// are host memory, so that one piece of code serves both.
///
/// The host waits for the stream once a tile, to learn how many entries its codes have; what the solver itself has to ask the
/// device comes on top. The arrays are beyond memory_limit_bytes; while several tiles' codes are put together the device
/// holds them twice.
///
/// @param embeddings  [n, d], in host memory or in that of the context's device; n may be 0.
/// @throws as `decompose`
DeviceDecomposeResult decompose_on_device(const Context& context, const Dictionary& dictionary, EmbeddingsView embeddings,
                                          const DecomposeOptions& options = {});

/// A copy on the host; waits for the context's stream.
/// @param result  of a context with the same stream, or one whose work is done
/// @throws ArgumentError where the result is of another device
DecomposeResult to_host(const Context& context, const DeviceDecomposeResult& result);

}  // namespace splice_cuda

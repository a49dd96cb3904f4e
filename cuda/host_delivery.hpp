#pragma once

/// @file host_delivery.hpp
/// Results of a tile on their way to the host, while the device works on the next one.

#include <cstddef>
#include <cstdint>
#include <span>

#include "backend/backend.hpp"
#include "packed_codes.hpp"

namespace splice_cuda::cuda {

template <class Engine>
class HostDelivery {
 public:
  explicit HostDelivery(Engine& device) : device_(device) {}

  /// Nothing may be pending. The arrays on the device may be written to, or released, in stream order from now on.
  /// @param offsets  [rows + 1] from 0
  /// @param reports  [rows]
  void send(std::int64_t first_row, const std::int64_t* offsets, const PackedCodes<Engine>& codes, const RowReport* reports) {
    const auto rows = static_cast<std::size_t>(codes.rows);
    const auto nnz = static_cast<std::size_t>(codes.nnz());
    next_ = static_cast<unsigned char*>(device_.landing((rows + 1) * sizeof(std::int64_t) + rows * sizeof(RowReport) +
                                                        nnz * (sizeof(std::int32_t) + sizeof(float))));
    batch_.first_row = first_row;
    batch_.offsets = landed(offsets, rows + 1);
    batch_.reports = landed(reports, rows);
    batch_.atoms = landed(codes.atoms.get(), nnz);
    batch_.values = landed(codes.values.get(), nnz);
    pending_ = true;
  }

  /// Waits for what was sent, if anything, and hands it over.
  void hand_over(RowSink& sink) {
    if (!pending_) return;
    device_.await_downloads();
    pending_ = false;
    sink.accept_batch(batch_);
  }

 private:
  /// The next part of the landing memory, which `count` elements are sent to: wide ones first, as nothing lies between them.
  template <class T>
  std::span<const T> landed(const T* from, std::size_t count) {
    const std::span<const T> there(reinterpret_cast<const T*>(next_), count);
    device_.download_later(next_, from, count * sizeof(T));
    next_ += count * sizeof(T);
    return there;
  }

  Engine& device_;
  unsigned char* next_ = nullptr;
  RowBatch batch_;
  bool pending_ = false;
};

}  // namespace splice_cuda::cuda

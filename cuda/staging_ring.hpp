#pragma once

/// @file staging_ring.hpp
/// Host memory to a device by way of page-locked slots: while one piece travels, others are copied into their slots, by
/// several threads, as a link to a device takes more than one thread copies. Pages of the caller's are never locked: that costs
/// more than the copy.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/parallel.hpp"
#include "row_copy.hpp"

namespace splice_cuda::cuda {

/// Of one device, which has to be current in every call. `Link` is HostLink, or the tests'. One copy at a time.
template <class Link>
class StagingRing {
 public:
  using Stream = typename Link::Stream;
  static constexpr std::size_t slot_bytes = std::size_t{2} << 20;
  static constexpr int most_threads = 8;
  static constexpr std::size_t slots_a_thread = 2;

  /// @param threads  that may copy at once
  StagingRing(Link link, int threads)
      : link_(link), threads_(std::clamp(threads, 1, most_threads)), slots_(static_cast<std::size_t>(threads_) * slots_a_thread) {}
  ~StagingRing() { close(); }
  StagingRing(const StagingRing&) = delete;
  StagingRing& operator=(const StagingRing&) = delete;

  /// Waits for what is on its way and gives everything back.
  void close() noexcept {
    for (Slot& slot : slots_) {
      if (slot.left != nullptr) {
        link_.try_to_wait(slot.left);
        link_.destroy(std::exchange(slot.left, {}));
      }
      if (slot.memory != nullptr) link_.unlock(std::exchange(slot.memory, nullptr));
    }
  }

  /// In the order of `stream`, which has to be the same one for all threads. The source, pageable memory, may be reused when this
  /// returns.
  /// @throws OutOfMemoryError, DeviceError
  void copy_rows(const RowCopy& copy, Stream stream) {
    const CopyPieces pieces(copy, slot_bytes);
    std::atomic<std::int64_t> next{0};
    run_workers(static_cast<int>(std::min<std::int64_t>(threads_, pieces.count())), [&](int worker) {
      if (worker > 0) link_.enter();
      const auto own = static_cast<std::size_t>(worker) * slots_a_thread;
      std::size_t turn = 0;
      for (std::int64_t i = next++; i < pieces.count(); i = next++) {
        send(pieces.piece(i), slots_[own + turn], stream);
        turn = (turn + 1) % slots_a_thread;
      }
    });
  }

 private:
  struct Slot {
    void* memory = nullptr;
    typename Link::Mark left{};  ///< the slot's content has been copied to the device
  };

  void send(const RowCopy& piece, Slot& slot, Stream stream) {
    if (slot.left == nullptr) slot.left = link_.make_mark();
    if (slot.memory == nullptr) slot.memory = link_.lock(slot_bytes);
    link_.wait(slot.left);
    copy_on_host({slot.memory, piece.row_bytes, piece.from, piece.from_pitch, piece.row_bytes, piece.rows});
    link_.copy_rows({piece.to, piece.to_pitch, slot.memory, piece.row_bytes, piece.row_bytes, piece.rows}, stream);
    link_.set(slot.left, stream);
  }

  Link link_;
  int threads_;
  std::vector<Slot> slots_;  ///< [threads, slots_a_thread]
};

}  // namespace splice_cuda::cuda

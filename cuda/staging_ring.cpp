#include "staging_ring.hpp"

#include <algorithm>
#include <cstring>

#include "cuda_error.hpp"

namespace splice_cuda::cuda {

StagingRing::~StagingRing() {
  for (Slot& slot : ring_) {
    if (slot.left != nullptr) {
      cudaEventSynchronize(slot.left);
      cudaEventDestroy(slot.left);
    }
    if (slot.memory != nullptr) cudaFreeHost(slot.memory);
  }
}

StagingRing::Slot& StagingRing::take() {
  Slot& slot = ring_[next_];
  next_ = (next_ + 1) % slots;
  if (slot.memory == nullptr) {
    void* memory = nullptr;
    check(cudaHostAlloc(&memory, slot_bytes, cudaHostAllocDefault), "cudaHostAlloc");
    slot.memory = static_cast<unsigned char*>(memory);
  }
  if (slot.left == nullptr) {
    check(cudaEventCreateWithFlags(&slot.left, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  } else {
    check(cudaEventSynchronize(slot.left), "cudaEventSynchronize");
  }
  return slot;
}

void StagingRing::copy_rows(const RowCopy& copy, cudaStream_t stream) {
  const auto rows_at_once = static_cast<std::int64_t>(std::max<std::size_t>(1, slot_bytes / copy.row_bytes));
  for (std::int64_t first = 0; first < copy.rows; first += rows_at_once) {
    const std::int64_t count = std::min(rows_at_once, copy.rows - first);
    Slot& slot = take();
    const auto* from = static_cast<const unsigned char*>(copy.from) + static_cast<std::size_t>(first) * copy.from_pitch;
    if (copy.from_pitch == copy.row_bytes) {
      std::memcpy(slot.memory, from, static_cast<std::size_t>(count) * copy.row_bytes);
    } else {
      for (std::int64_t i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(i);
        std::memcpy(slot.memory + row * copy.row_bytes, from + row * copy.from_pitch, copy.row_bytes);
      }
    }
    auto* to = static_cast<unsigned char*>(copy.to) + static_cast<std::size_t>(first) * copy.to_pitch;
    check(cudaMemcpy2DAsync(to, copy.to_pitch, slot.memory, copy.row_bytes, copy.row_bytes, static_cast<std::size_t>(count),
                            cudaMemcpyHostToDevice, stream), "cudaMemcpy2DAsync");
    check(cudaEventRecord(slot.left, stream), "cudaEventRecord");
  }
}

void StagingRing::copy(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  if (bytes <= most_unstaged) {
    // Pageable memory: the driver has taken it when this returns.
    return check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream), "cudaMemcpyAsync");
  }
  for (std::size_t done = 0; done < bytes; done += slot_bytes) {
    const std::size_t piece = std::min(slot_bytes, bytes - done);
    Slot& slot = take();
    std::memcpy(slot.memory, static_cast<const unsigned char*>(from) + done, piece);
    check(cudaMemcpyAsync(static_cast<unsigned char*>(to) + done, slot.memory, piece, cudaMemcpyHostToDevice, stream),
          "cudaMemcpyAsync");
    check(cudaEventRecord(slot.left, stream), "cudaEventRecord");
  }
}

}  // namespace splice_cuda::cuda

#include "landing_memory.hpp"

#include <algorithm>
#include <utility>

namespace splice_cuda::cuda {

LandingMemory::~LandingMemory() {
  if (landed_ != nullptr) {
    link_.try_to_wait(landed_);
    link_.destroy(landed_);
  }
  if (memory_ != nullptr) link_.unlock(memory_);
}

void* LandingMemory::take(std::size_t bytes) {
  if (landed_ == nullptr) landed_ = link_.make_mark();
  if (bytes <= bytes_) return memory_;
  link_.wait(landed_);
  const std::size_t grown = std::max(bytes, bytes_ + bytes_ / 2);  // to lock pages takes longer than to fill them
  bytes_ = 0;
  if (memory_ != nullptr) link_.unlock(std::exchange(memory_, nullptr));
  memory_ = link_.lock(grown);
  bytes_ = grown;
  return memory_;
}

void LandingMemory::copy(void* to, const void* from, std::size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return;
  link_.copy_rows({to, bytes, from, bytes, bytes, 1}, stream);
  link_.set(landed_, stream);
}

void LandingMemory::wait() const { link_.wait(landed_); }

}  // namespace splice_cuda::cuda

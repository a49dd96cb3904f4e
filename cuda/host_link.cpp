#include "host_link.hpp"

#include "cuda_error.hpp"

namespace splice_cuda::cuda {

void HostLink::enter() const { check(cudaSetDevice(device_.index), "cudaSetDevice"); }

void* HostLink::lock(std::size_t bytes) const {
  void* memory = nullptr;
  check(cudaHostAlloc(&memory, bytes, cudaHostAllocDefault), "cudaHostAlloc");
  return memory;
}

void HostLink::unlock(void* memory) const noexcept { ignore(cudaFreeHost(memory)); }

HostLink::Mark HostLink::make_mark() const {
  Mark mark = nullptr;
  check(cudaEventCreateWithFlags(&mark, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  return mark;
}

void HostLink::destroy(Mark mark) const noexcept { ignore(cudaEventDestroy(mark)); }

void HostLink::set(Mark mark, Stream stream) const { check(cudaEventRecord(mark, stream), "cudaEventRecord"); }

void HostLink::wait(Mark mark) const { check(cudaEventSynchronize(mark), "cudaEventSynchronize"); }

void HostLink::try_to_wait(Mark mark) const noexcept { ignore(cudaEventSynchronize(mark)); }

void HostLink::copy_rows(const RowCopy& copy, Stream stream) const {
  const auto rows = static_cast<std::size_t>(copy.rows);
  if (copy.contiguous()) {
    check(cudaMemcpyAsync(copy.to, copy.from, rows * copy.row_bytes, cudaMemcpyDefault, stream), "cudaMemcpyAsync");
  } else {
    check(cudaMemcpy2DAsync(copy.to, copy.to_pitch, copy.from, copy.from_pitch, copy.row_bytes, rows, cudaMemcpyDefault, stream),
          "cudaMemcpy2DAsync");
  }
}

}  // namespace splice_cuda::cuda

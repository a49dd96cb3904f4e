// What a user with a GPU writes: rows, codes and allocator on the device, all on one stream. Without a device it says so.

#include <cuda_runtime.h>

#include <cstdio>
#include <new>
#include <vector>

#include <splice_cuda/splice_cuda.hpp>

namespace {

bool check(cudaError_t status) {
  if (status != cudaSuccess) std::printf("%s\n", cudaGetErrorString(status));
  return status == cudaSuccess;
}

int solve(cudaStream_t stream) {
  const float atoms[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const float rows[2][3] = {{0.8f, 0.1f, 0.6f}, {0.0f, 0.9f, 0.0f}};
  float* embeddings = nullptr;
  if (!check(cudaMallocAsync(reinterpret_cast<void**>(&embeddings), sizeof rows, stream)) ||
      !check(cudaMemcpyAsync(embeddings, rows, sizeof rows, cudaMemcpyHostToDevice, stream))) {
    return 1;
  }
  const splice_cuda::DeviceAllocator allocator = {
      [](std::size_t bytes, cudaStream_t on) {
        void* memory = nullptr;
        if (cudaMallocAsync(&memory, bytes, on) != cudaSuccess) throw std::bad_alloc();
        return memory;
      },
      [](void* memory, cudaStream_t on) { cudaFreeAsync(memory, on); }};
  const splice_cuda::Device device = splice_cuda::Device::cuda(0);
  const splice_cuda::Context context(device, {.stream = stream, .allocator = allocator});
  const splice_cuda::Dictionary dictionary(context, {&atoms[0][0], 3, 3});
  const splice_cuda::DeviceDecomposeResult codes = splice_cuda::decompose_on_device(
      context, dictionary, splice_cuda::MatrixView<const float>{embeddings, 2, 3, 3, device}, {.l1_penalty = 0.4f});
  std::vector<float> values(static_cast<std::size_t>(codes.nnz));
  if (!check(cudaMemcpyAsync(values.data(), codes.values, values.size() * sizeof(float), cudaMemcpyDeviceToHost, stream)) ||
      !check(cudaStreamSynchronize(stream))) {
    return 1;
  }
  const splice_cuda::DecomposeResult host = splice_cuda::to_host(context, codes);
  cudaFreeAsync(embeddings, stream);
  std::printf("nnz %lld on %s, gap %g\n", static_cast<long long>(codes.nnz), splice_cuda::to_string(codes.device).c_str(),
              host.reports[0].gap);
  const bool expected = codes.nnz == 3 && host.codes.values == values && host.codes.l0(0) == 2 &&
                        host.reports[1].status == splice_cuda::RowStatus::certified;
  return expected ? 0 : 1;
}

}  // namespace

int main() {
  if (splice_cuda::cuda_device_count() == 0) {
    std::printf("skipped: %s\n", splice_cuda::describe_cuda().c_str());
    return 0;
  }
  cudaStream_t stream = nullptr;
  if (!check(cudaStreamCreate(&stream))) return 1;
  const int failed = solve(stream);
  cudaStreamDestroy(stream);
  return failed;
}

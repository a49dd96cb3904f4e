#include "torch/torch_context.hpp"

#include <cstddef>
#include <string>

#include <dlfcn.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::op {
namespace {

/// CUDA's part of the stable ABI. It lies in libtorch_cuda, which a program without CUDA does not load:
/// looked up at the first tensor on a device, so that nothing here links it.
struct TorchCuda {
  AOTITorchError (*current_stream)(std::int32_t device, void** stream);
  AOTITorchError (*create_stream_guard)(void* stream, std::int32_t device, void** guard);
  AOTITorchError (*delete_stream_guard)(void* guard);
  AOTITorchError (*allocate)(std::uint64_t bytes, void** memory);
  AOTITorchError (*release)(void* memory);
};

template <class Function>
void look_up(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr)
    throw DeviceError(std::string("libtorch_cuda.so has no ") + name + ", which torch 2.10 and later have");
}

TorchCuda load_torch_cuda() {
  void* library = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr)
    throw DeviceError("libtorch_cuda.so is not loaded, although a tensor is on a CUDA device");
  TorchCuda functions{};
  look_up(library, "aoti_torch_get_current_cuda_stream", functions.current_stream);
  look_up(library, "aoti_torch_create_cuda_stream_guard", functions.create_stream_guard);
  look_up(library, "aoti_torch_delete_cuda_stream_guard", functions.delete_stream_guard);
  look_up(library, "aoti_torch_cuda_caching_allocator_raw_alloc", functions.allocate);
  look_up(library, "aoti_torch_cuda_caching_allocator_raw_delete", functions.release);
  return functions;
}

const TorchCuda& torch_cuda() {
  static const TorchCuda functions = load_torch_cuda();
  return functions;
}

/// The caching allocator hands out memory of the current stream's pool: made current, whichever thread asks.
DeviceAllocator caching_allocator(std::int32_t device) {
  const auto allocate = [device](std::size_t bytes, CUstream_st* stream) -> void* {
    const TorchCuda& cuda = torch_cuda();
    void* guard = nullptr;
    void* memory = nullptr;
    if (cuda.create_stream_guard(stream, device, &guard) != AOTI_TORCH_SUCCESS) return nullptr;
    const bool failed = cuda.allocate(bytes, &memory) != AOTI_TORCH_SUCCESS;
    cuda.delete_stream_guard(guard);
    return failed ? nullptr : memory;
  };
  return {allocate, [](void* memory, CUstream_st*) { torch_cuda().release(memory); }};
}

}  // namespace

CUstream_st* current_stream(const Tensor& tensor) {
  if (!tensor.is_cuda()) return nullptr;
  void* stream = nullptr;
  if (torch_cuda().current_stream(tensor.get_device_index(), &stream) != AOTI_TORCH_SUCCESS) {
    throw DeviceError("torch has no current stream for " + to_string(device_of(tensor)));
  }
  return static_cast<CUstream_st*>(stream);
}

Context context_for(const Tensor& tensor) {
  ContextOptions options;
  options.threads = torch_threads();
  if (!tensor.is_cuda()) return Context(Device::cpu(), options);
  // Not by the memory that is free: what the caching allocator keeps does not count as such, but serves this.
  options.memory_limit_bytes = std::size_t{2} << 30;
  options.stream = current_stream(tensor);
  options.allocator = caching_allocator(tensor.get_device_index());
  return Context(device_of(tensor), options);
}

}  // namespace splice_cuda::op

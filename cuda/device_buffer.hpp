#pragma once

/// @file device_buffer.hpp
/// Memory of a device that is released with its owner. `Engine` is CudaDevice, or the tests' emulated one.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace splice_cuda::cuda {

template <class T, class Engine>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  /// `count` elements, undefined. @throws OutOfMemoryError
  DeviceBuffer(Engine& device, std::int64_t count)
      : device_(&device),
        data_(static_cast<T*>(device.allocate(static_cast<std::size_t>(count > 0 ? count : 1) * sizeof(T)))),
        count_(count) {}
  ~DeviceBuffer() {
    if (data_ != nullptr) device_->release(data_);
  }
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : device_(other.device_), data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }

  T* get() const { return data_; }
  std::int64_t count() const { return count_; }
  std::size_t bytes() const { return static_cast<std::size_t>(count_) * sizeof(T); }
  Engine& device() const { return *device_; }

 private:
  Engine* device_ = nullptr;
  T* data_ = nullptr;
  std::int64_t count_ = 0;
};

/// A copy of host memory on a device.
template <class T, class Engine>
DeviceBuffer<T, Engine> uploaded(Engine& device, const T* values, std::int64_t count) {
  DeviceBuffer<T, Engine> buffer(device, count);
  if (count > 0) device.upload(buffer.get(), values, buffer.bytes());
  return buffer;
}

/// A copy of device memory on the host, there when this returns.
template <class T, class Engine>
std::vector<T> downloaded(Engine& device, const T* values, std::int64_t count) {
  std::vector<T> copy(static_cast<std::size_t>(count));
  device.download(copy.data(), values, copy.size() * sizeof(T));
  device.synchronize();
  return copy;
}

}  // namespace splice_cuda::cuda

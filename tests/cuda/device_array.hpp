#pragma once

/// @file device_array.hpp
/// Arrays in an emulated device's memory, as a caller has them.

#include <cstring>
#include <vector>

#include "cuda/emulation/emulated_devices.hpp"
#include "splice_cuda/splice_cuda.hpp"

namespace splice_cuda::testing {

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values, int device = 0, cuda::MemoryKind kind = cuda::MemoryKind::device)
      : memory_(emulation::emulated_device(device)->memory()), data_(memory_->allocate(values.size() * sizeof(T) + 16, kind)) {
    std::memcpy(data_, values.data(), values.size() * sizeof(T));
  }
  ~DeviceArray() { memory_->release(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* get() const { return static_cast<T*>(data_); }

 private:
  std::shared_ptr<emulation::EmulatedMemory> memory_;
  void* data_;
};

/// [rows, cols] with `gap` elements of `filling` behind each row.
template <class T>
std::vector<T> strided(const std::vector<T>& values, std::int64_t cols, std::int64_t gap, T filling) {
  std::vector<T> wide;
  for (std::size_t i = 0; i < values.size(); ++i) {
    wide.push_back(values[i]);
    if ((i + 1) % static_cast<std::size_t>(cols) == 0) wide.insert(wide.end(), static_cast<std::size_t>(gap), filling);
  }
  return wide;
}

inline const emulation::DeviceCounters& counters(int device = 0) { return emulation::emulated_device(device)->counters(); }

}  // namespace splice_cuda::testing

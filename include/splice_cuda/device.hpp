#pragma once

/// @file device.hpp
/// Where data lies and where work runs.

#include <cstdint>
#include <string>
#include <string_view>

namespace splice_cuda {

enum class DeviceKind : std::uint8_t { cpu, cuda };

/// A device by kind and index. Cheap value type; making one does not touch the device.
struct Device {
  DeviceKind kind = DeviceKind::cpu;
  std::int32_t index = 0;

  static constexpr Device cpu() noexcept { return {}; }
  static constexpr Device cuda(std::int32_t index = 0) noexcept {
    return {DeviceKind::cuda, index};
  }
  /// Reads "cpu", "cuda", "cuda:N" or "auto" (a CUDA device that `decompose` can use, else the CPU).
  /// @throws ArgumentError for any other text.
  static Device parse(std::string_view text);

  friend constexpr bool operator==(const Device&, const Device&) = default;
};

/// "cpu" or "cuda:N".
std::string to_string(Device device);

/// Number of CUDA devices that this build can run on; 0 without the CUDA backend, a driver or a
/// device. Never throws.
int cuda_device_count() noexcept;

/// One line for people: why `cuda_device_count()` is what it is ("built without CUDA", "no driver",
/// or the names of the devices).
std::string describe_cuda();

/// The instruction set that the CPU kernels run on here ("AVX3_DL+AMX", "AVX3_DL", "AVX2", "SSE4", ...).
std::string cpu_target();

/// Version of the linked library, "major.minor.patch".
std::string version();

}  // namespace splice_cuda

#pragma once

/// @file pointer_checks.hpp
/// Pointers of the caller's against what he says of them.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/validate.hpp"
#include "splice_cuda/device.hpp"

namespace splice_cuda::cuda {

enum class MemoryKind : std::uint8_t {
  pageable,  ///< the host's; also whatever CUDA does not know
  pinned,    ///< the host's, page-locked
  device,
  managed,   ///< moves between the two
};

struct MemoryPlace {
  MemoryKind kind = MemoryKind::pageable;
  Device device = Device::cpu();  ///< of device memory
};

/// A pointer that is declared to be on `expected`, a device.
/// @throws ArgumentError
inline void check_device_pointer(std::string_view argument, const void* pointer, std::int64_t element_bytes, MemoryPlace place,
                                 Device expected) {
  const std::string wanted = "memory of " + to_string(expected) + " (or managed memory), as declared";
  if (place.kind == MemoryKind::pageable || place.kind == MemoryKind::pinned) {
    fail_argument(argument, "a pointer to memory of the host", wanted);
  }
  if (place.kind == MemoryKind::device && place.device != expected) {
    fail_argument(argument, "a pointer to memory of " + to_string(place.device), wanted);
  }
  const auto excess = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(pointer) % static_cast<std::uintptr_t>(element_bytes));
  if (excess != 0) {
    fail_argument(argument, "a pointer " + std::to_string(excess) + " bytes past a multiple of " + std::to_string(element_bytes),
                  "alignment to the element");
  }
}

/// A pointer that is declared to be on the host. Alignment does not matter there: rows are copied byte by byte.
/// @throws ArgumentError
inline void check_host_pointer(std::string_view argument, MemoryPlace place) {
  if (place.kind != MemoryKind::device) return;
  fail_argument(argument, "a pointer to memory of " + to_string(place.device) + " declared as on cpu",
                "memory of the host, or a view with that device");
}

[[noreturn]] inline void fail_capturing() {
  fail_argument("stream", "a stream that is capturing a graph",
                "one that is not: calls take memory and wait for their results, which a graph can't hold");
}

}  // namespace splice_cuda::cuda

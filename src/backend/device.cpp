#include "splice_cuda/device.hpp"

#include <charconv>

#include "splice_cuda/error.hpp"
#include "splice_cuda/version.hpp"

namespace splice_cuda {

Device Device::parse(std::string_view text) {
  if (text == "cpu") return cpu();
  if (text == "cuda") return cuda(0);
  if (text == "auto") return cuda_device_count() > 0 ? cuda(0) : cpu();
  constexpr std::string_view prefix = "cuda:";
  if (text.starts_with(prefix)) {
    const std::string_view digits = text.substr(prefix.size());
    std::int32_t index = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error == std::errc{} && end == digits.data() + digits.size() && index >= 0) return cuda(index);
  }
  throw ArgumentError("device: got \"" + std::string(text) +
                      "\", expected cpu, cuda, cuda:N or auto");
}

std::string to_string(Device device) {
  return device.kind == DeviceKind::cpu ? "cpu" : "cuda:" + std::to_string(device.index);
}

std::string version() { return SPLICE_CUDA_VERSION_STRING; }

}  // namespace splice_cuda

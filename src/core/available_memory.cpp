#include "core/available_memory.hpp"

#include <fstream>
#include <limits>
#include <string>

#include "splice_cuda/error.hpp"

namespace splice_cuda {

std::size_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::size_t total = 0;
  bool known = false;
  std::string line;
  while (std::getline(file, line)) {
    const bool available = line.starts_with("MemAvailable:");
    if (!available && !line.starts_with("SwapFree:")) continue;
    const std::size_t digit = line.find_first_of("0123456789");
    if (digit == std::string::npos) continue;
    total += std::stoull(line.substr(digit)) * 1024;
    known = known || available;
  }
  return known ? total : std::numeric_limits<std::size_t>::max();
}

void require_memory(std::size_t bytes, std::size_t available, std::string_view what) {
  if (bytes <= available) return;
  throw OutOfMemoryError("out of memory: " + std::string(what) + " take " + std::to_string(bytes) +
                         " bytes, and " + std::to_string(available) + " are left");
}

}  // namespace splice_cuda

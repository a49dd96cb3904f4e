#include "resident_memory.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>

namespace splice_cuda::bench {

ResidentMemory resident_memory() {
  std::ifstream file("/proc/self/status");
  ResidentMemory memory;
  for (std::string line; std::getline(file, line);) {
    const auto kilobytes = [&] { return std::stoll(line.substr(line.find_first_of("0123456789"))) * 1024; };
    if (line.starts_with("RssAnon:")) memory.anonymous = kilobytes();
    if (line.starts_with("RssFile:")) memory.mapped = kilobytes();
  }
  return memory;
}

PeakMemory::PeakMemory()
    : watcher_([this] {
        while (!stop_) {
          look();
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
      }) {}

PeakMemory::~PeakMemory() {
  stop_ = true;
  watcher_.join();
}

void PeakMemory::look() {
  const ResidentMemory now = resident_memory();
  anonymous_ = std::max(anonymous_.load(), now.anonymous);
  mapped_ = std::max(mapped_.load(), now.mapped);
}

}  // namespace splice_cuda::bench

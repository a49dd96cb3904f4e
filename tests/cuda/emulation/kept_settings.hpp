#pragma once

/// @file kept_settings.hpp
/// Settings of the emulated devices that are taken back.

#include "cuda/emulation/emulated_memory.hpp"

namespace splice_cuda::emulation {

/// Sets back, when it goes, what was set when it came.
class KeptSettings {
 public:
  KeptSettings() : before_(settings()) {}
  ~KeptSettings() { settings() = before_; }
  KeptSettings(const KeptSettings&) = delete;
  KeptSettings& operator=(const KeptSettings&) = delete;

 private:
  EmulationSettings before_;
};

}  // namespace splice_cuda::emulation

#pragma once

/// @file compiled_kernels.hpp
/// An emulated device's kernels as the compiler left them: PTX, run on the host.

#include <cstdint>
#include <mutex>
#include <string>

#include "cuda/compiled/machine.hpp"
#include "cuda/compiled/program.hpp"
#include "cuda/emulation/emulated_memory.hpp"
#include "cuda/emulation/kernel_runner.hpp"

namespace splice_cuda::compiled {

class CompiledKernels : public emulation::KernelRunner {
 public:
  /// @param file  PTX of cuda/cuda_backend.cu. @throws ProgramError
  explicit CompiledKernels(const std::string& file);

  /// As cuda/cuda_device.cuh launches them. @throws KernelError, ProgramError
  void run(const emulation::KernelLaunch& launch) override;

  const Machine& machine() const { return machine_; }
  /// Is told of what all kernels execute from now on; null: nobody is.
  void set_observer(Observer* observer) { machine_.set_observer(observer); }
  /// Emulated devices run these kernels from now on, and can do what a device of their target can.
  void take_over(emulation::EmulationSettings& settings);

 private:
  std::mutex mutex_;  ///< two devices may run at once
  Machine machine_;
};

}  // namespace splice_cuda::compiled

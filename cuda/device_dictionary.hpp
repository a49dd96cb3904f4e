#pragma once

/// @file device_dictionary.hpp
/// The dictionary in a device's memory. Its int8 copies, error bounds and equal atoms are found by the CPU's code, once,
/// and sent over: the two backends screen with the same integers.

#include <memory>
#include <vector>

#include "backend/backend.hpp"
#include "cpu/cpu_dictionary.hpp"
#include "device_buffer.hpp"
#include "kernels/remainders.hpp"
#include "kernels/split_atoms.hpp"
#include "kernels/views.hpp"

namespace splice_cuda::cuda {

template <class Engine>
struct DeviceDictionary final : DictionaryData {
  std::int64_t ld = 0;
  std::int64_t padded_size = 0;  ///< rows of rows8
  std::shared_ptr<Engine> owner;
  DeviceBuffer<float, Engine> atoms;
  DeviceBuffer<std::int8_t, Engine> rows8;
  DeviceBuffer<Float16, Engine> halves;
  DeviceBuffer<float, Engine> half_scales;
  DeviceBuffer<std::uint32_t, Engine> remainders;
  /// What problems are prepared with, on the host: [p].
  std::vector<float> scale;
  std::vector<float> error;
  std::vector<float> norm;
  std::vector<float> remainder_scale;
  std::vector<float> remainder_error;

  AtomsView view() const { return {size, dim, ld, atoms.get(), rows8.get(), halves.get(), half_scales.get(), remainders.get()}; }
};

/// What int8 copies leave; its scales and errors are for the host. Waits for the device.
template <class Engine>
void make_remainders(DeviceDictionary<Engine>& d) {
  Engine& device = *d.owner;
  const DeviceBuffer<float, Engine> copy_scales = uploaded(device, d.scale.data(), d.size);
  const DeviceBuffer<float, Engine> scales(device, d.size);
  const DeviceBuffer<float, Engine> errors(device, d.size);
  d.remainders = DeviceBuffer<std::uint32_t, Engine>(device, d.size * d.ld / remainders_of_word);
  device.template launch<RemaindersKernel>(d.size, {d.view(), copy_scales.get(), d.remainders.get(), scales.get(), errors.get()});
  d.remainder_scale.resize(d.scale.size());
  d.remainder_error.resize(d.scale.size());
  device.download(d.remainder_scale.data(), scales.get(), scales.bytes());
  device.download(d.remainder_error.data(), errors.get(), errors.bytes());
  device.synchronize();
}

/// @throws ArgumentError where an atom is not finite; OutOfMemoryError
template <class Engine>
std::shared_ptr<const DeviceDictionary<Engine>> make_device_dictionary(std::shared_ptr<Engine> device,
                                                                       const AtomSource& source, int threads) {
  const std::shared_ptr<const cpu::CpuDictionary> host = cpu::make_cpu_dictionary(source, threads);
  auto dictionary = std::make_shared<DeviceDictionary<Engine>>();
  DeviceDictionary<Engine>& d = *dictionary;
  d.size = host->size;
  d.dim = host->dim;
  d.dtype = host->dtype;
  d.device = device->device();
  d.first_equal = host->first_equal;
  d.ld = host->ld;
  d.padded_size = host->panels * cpu::panel_atoms;
  d.owner = device;
  d.scale.assign(host->scale.get(), host->scale.get() + d.size);
  d.error.assign(host->error.get(), host->error.get() + d.size);
  d.norm.assign(host->norm.get(), host->norm.get() + d.size);
  d.rows8 = uploaded(*device, host->rows8.get(), d.padded_size * d.ld);
  d.atoms = DeviceBuffer<float, Engine>(*device, d.size * d.ld);
  // In blocks: 16-bit atoms are converted on the way.
  const std::int64_t block = std::max<std::int64_t>(1, (std::int64_t{16} << 20) / (d.ld * 4));
  std::vector<float> staged(static_cast<std::size_t>(std::min(block, d.size) * d.ld));
  for (std::int64_t first = 0; first < d.size; first += block) {
    const std::int64_t count = std::min(block, d.size - first);
    for (std::int64_t j = 0; j < count; ++j) {
      float* to = staged.data() + j * d.ld;
      const float* from = host->float_atom(first + j, to);
      if (from != to) std::copy_n(from, d.ld, to);
    }
    device->upload(d.atoms.get() + first * d.ld, staged.data(), static_cast<std::size_t>(count * d.ld) * sizeof(float));
  }
  d.halves = DeviceBuffer<Float16, Engine>(*device, d.size * 2 * d.ld);
  d.half_scales = DeviceBuffer<float, Engine>(*device, d.size);
  device->template launch<SplitAtomsKernel>(d.size, {d.view(), d.halves.get(), d.half_scales.get()});
  make_remainders(d);
  return dictionary;
}

}  // namespace splice_cuda::cuda

#pragma once

/// @file host_atoms.hpp
/// Atoms that lie in device memory, brought to the host, where dictionaries are made.

#include <cstddef>
#include <memory>
#include <vector>

#include "backend/backend.hpp"

namespace splice_cuda::cuda {

/// The same source with its atoms on the host. @throws ArgumentError for a pointer that is not what the view says
template <class Engine>
AtomSource on_host(Engine& device, AtomSource source) {
  TypedMatrixView& atoms = source.atoms;
  if (atoms.device == Device::cpu()) return source;
  const auto row_bytes = static_cast<std::size_t>(atoms.cols * atoms.element_size());
  auto copy = std::make_shared<std::vector<unsigned char>>(static_cast<std::size_t>(atoms.rows) * row_bytes);
  device.copy_rows(copy->data(), row_bytes, atoms.data, static_cast<std::size_t>(atoms.ld * atoms.element_size()), row_bytes,
                   atoms.rows);
  device.synchronize();
  atoms.data = copy->data();
  atoms.ld = atoms.cols;
  atoms.device = Device::cpu();
  source.owner = std::move(copy);
  return source;
}

}  // namespace splice_cuda::cuda

#pragma once

/// @file tower.hpp
/// The seam between CLIP encoders and what runs their networks. An implementation is a shared library of its
/// own, loaded when a model is; this header has all that both sides share, and no type of either.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "splice_cuda/device.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda::clip {

/// A file to load, read at any place.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::size_t size() const = 0;
  /// @throws FileError
  virtual void read(std::size_t offset, std::span<std::byte> out) const = 0;
};

struct TowerOptions {
  Device device;
  DType precision = DType::float32;
  std::int32_t threads = 0;  ///< 0: as the library that runs the tower has it
};

/// A network. To be used by one thread at a time. Whatever fails is one of the library's errors.
class Tower {
 public:
  virtual ~Tower() = default;
  /// @param pixels  float32 [out.rows, 3, height, width], normalised, on the host
  /// @param out     on the host
  /// @throws FileError where it gives another shape than `out` has, or fails on the CPU; DeviceError where it
  /// fails on a device; OutOfMemoryError
  virtual void run_pixels(const float* pixels, std::int64_t height, std::int64_t width,
                          MatrixView<float> out) = 0;
  /// @param tokens  [out.rows, context_length] on the host
  virtual void run_tokens(const std::int64_t* tokens, std::int64_t context_length, MatrixView<float> out) = 0;
};

/// Both sides must have been compiled with the same: raise it with every change of this header.
inline constexpr int tower_interface_version = 1;

/// What a tower library exports under `tower_factory_name`. Throws FileError, DeviceError or
/// OutOfMemoryError; null for another version.
/// @param name  what messages call the file
using TowerFactory = Tower*(int interface_version, const ByteSource& source, const std::string& name,
                            const TowerOptions& options);
inline constexpr const char* tower_factory_name = "splice_cuda_make_tower";

}  // namespace splice_cuda::clip

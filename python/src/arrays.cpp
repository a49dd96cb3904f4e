#include "arrays.hpp"

#include <string>

#include "splice_cuda/error.hpp"

namespace splice_cuda::python {
namespace {

DType dtype_of(const Rows& rows, bool bfloat16, const std::string& argument) {
  constexpr auto float_code = static_cast<std::uint8_t>(nb::dlpack::dtype_code::Float);
  constexpr auto bfloat_code = static_cast<std::uint8_t>(nb::dlpack::dtype_code::Bfloat);
  const nb::dlpack::dtype type = rows.dtype();
  if (bfloat16 && type == nb::dtype<std::uint16_t>()) return DType::bfloat16;
  if (type.lanes == 1 && !bfloat16) {
    if (type.code == float_code && type.bits == 32) return DType::float32;
    if (type.code == float_code && type.bits == 16) return DType::float16;
    if (type.code == bfloat_code && type.bits == 16) return DType::bfloat16;
  }
  throw ArgumentError(argument + ": got elements of " + std::to_string(type.bits) + " bits (DLPack type code " +
                      std::to_string(type.code) + "), expected float32, float16 or bfloat16");
}

Device device_of(const Rows& rows, const std::string& argument) {
  switch (rows.device_type()) {
    case nb::device::cpu::value:
    case nb::device::cuda_host::value: return Device::cpu();
    case nb::device::cuda::value:
    case nb::device::cuda_managed::value: return Device::cuda(rows.device_id());
    default: break;
  }
  throw ArgumentError(argument + ": got memory of DLPack device type " + std::to_string(rows.device_type()) +
                      ", expected the CPU or a CUDA device");
}

}  // namespace

TypedMatrixView rows_view(const Rows& rows, bool bfloat16, const char* argument) {
  const auto count = static_cast<std::int64_t>(rows.shape(0));
  const auto cols = static_cast<std::int64_t>(rows.shape(1));
  if (cols > 1 && count > 0 && rows.stride(1) != 1) {
    throw ArgumentError(std::string(argument) + ": got columns " + std::to_string(rows.stride(1)) +
                        " elements apart, expected rows without gaps");
  }
  const std::int64_t ld = count > 1 ? rows.stride(0) : cols;
  return {rows.data(), dtype_of(rows, bfloat16, argument), count, cols, ld, device_of(rows, argument)};
}

DType dtype_named(const char* argument, const std::string& name) {
  for (const DType dtype : {DType::float32, DType::float16, DType::bfloat16}) {
    if (name == to_string(dtype)) return dtype;
  }
  throw ArgumentError(std::string(argument) + ": got \"" + name + "\", expected float32, float16 or bfloat16");
}

MatrixView<float> out_view(const Out& out) {
  return {out.data(), static_cast<std::int64_t>(out.shape(0)), static_cast<std::int64_t>(out.shape(1))};
}

}  // namespace splice_cuda::python

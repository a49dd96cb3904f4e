#include "bindings.hpp"

#include <nanobind/stl/string.h>

#include "splice_cuda/build_info.hpp"
#include "splice_cuda/device.hpp"

namespace splice_cuda::python {
namespace {

nb::dict build_info_dict() {
  const BuildInfo info = build_info();
  nb::dict dict;
  dict["compiler"] = info.compiler;
  dict["type"] = info.type;
  dict["sanitizer"] = info.sanitizer;
  return dict;
}

nb::dict device_dict(const CudaDeviceInfo& info) {
  nb::dict dict;
  dict["device"] = to_string(info.device);
  dict["name"] = info.name;
  dict["capability"] = nb::make_tuple(info.capability_major, info.capability_minor);
  dict["memory_bytes"] = info.memory_bytes;
  dict["usable"] = info.usable;
  return dict;
}

nb::dict cuda_info_dict() {
  const CudaInfo info = cuda_info();
  nb::dict dict;
  dict["compiled"] = info.compiled;
  dict["toolkit"] = info.toolkit;
  dict["architectures"] = info.architectures;
  dict["runtime"] = info.runtime;
  dict["cublaslt"] = info.cublaslt;
  dict["cusparse"] = info.cusparse;
  dict["driver"] = info.driver;
  dict["problem"] = info.problem;
  nb::list devices;
  for (const CudaDeviceInfo& device : info.devices) devices.append(device_dict(device));
  dict["devices"] = nb::tuple(devices);
  return dict;
}

}  // namespace

void bind_info(nb::module_& module) {
  module.def("version", &version);
  module.def("cpu_target", &cpu_target);
  module.def("build_info", &build_info_dict);
  module.def("cuda_info", &cuda_info_dict);
}

}  // namespace splice_cuda::python

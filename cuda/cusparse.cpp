#include "cusparse.hpp"

#include <string>

#include "cuda_error.hpp"
#include "on_demand_library.hpp"

namespace splice_cuda::cuda {
namespace {

Cusparse load() {
  const OnDemandLibrary library("libcusparse.so." + std::to_string(CUSPARSE_VER_MAJOR), SPLICE_CUSPARSE_DIRECTORY);
  Cusparse functions{};
  library.find("cusparseCreate", functions.Create);
  library.find("cusparseCreateConstCsr", functions.CreateConstCsr);
  library.find("cusparseCreateConstDnMat", functions.CreateConstDnMat);
  library.find("cusparseCreateDnMat", functions.CreateDnMat);
  library.find("cusparseDestroy", functions.Destroy);
  library.find("cusparseDestroyDnMat", functions.DestroyDnMat);
  library.find("cusparseDestroySpMat", functions.DestroySpMat);
  library.find("cusparseGetErrorString", functions.GetErrorString);
  library.find("cusparseGetProperty", functions.GetProperty);
  library.find("cusparseSetStream", functions.SetStream);
  library.find("cusparseSpMM", functions.SpMM);
  library.find("cusparseSpMM_bufferSize", functions.SpMM_bufferSize);
  return functions;
}

std::string property(libraryPropertyType which) {
  int value = 0;
  check(Cusparse::get().GetProperty(which, &value), "cusparseGetProperty");
  return std::to_string(value);
}

}  // namespace

const Cusparse& Cusparse::get() {
  static const Cusparse functions = load();
  return functions;
}

std::string cusparse_version() {
  return property(MAJOR_VERSION) + "." + property(MINOR_VERSION) + "." + property(PATCH_LEVEL);
}

}  // namespace splice_cuda::cuda

#include "cublaslt.hpp"

#include <cstddef>
#include <string>

#include "on_demand_library.hpp"

namespace splice_cuda::cuda {
namespace {

CublasLt load() {
  const OnDemandLibrary library("libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR), SPLICE_CUBLASLT_DIRECTORY);
  CublasLt functions{};
  library.find("cublasLtCreate", functions.Create);
  library.find("cublasLtDestroy", functions.Destroy);
  library.find("cublasLtGetStatusString", functions.GetStatusString);
  library.find("cublasLtGetVersion", functions.GetVersion);
  library.find("cublasLtMatmul", functions.Matmul);
  library.find("cublasLtMatmulAlgoGetHeuristic", functions.MatmulAlgoGetHeuristic);
  library.find("cublasLtMatmulDescCreate", functions.MatmulDescCreate);
  library.find("cublasLtMatmulDescDestroy", functions.MatmulDescDestroy);
  library.find("cublasLtMatmulDescSetAttribute", functions.MatmulDescSetAttribute);
  library.find("cublasLtMatmulPreferenceCreate", functions.MatmulPreferenceCreate);
  library.find("cublasLtMatmulPreferenceDestroy", functions.MatmulPreferenceDestroy);
  library.find("cublasLtMatmulPreferenceSetAttribute", functions.MatmulPreferenceSetAttribute);
  library.find("cublasLtMatrixLayoutCreate", functions.MatrixLayoutCreate);
  library.find("cublasLtMatrixLayoutDestroy", functions.MatrixLayoutDestroy);
  return functions;
}

}  // namespace

const CublasLt& CublasLt::get() {
  static const CublasLt functions = load();
  return functions;
}

std::string cublaslt_version() {
  const std::size_t version = CublasLt::get().GetVersion();  // 130002 is 13.0.2
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." + std::to_string(version % 100);
}

}  // namespace splice_cuda::cuda

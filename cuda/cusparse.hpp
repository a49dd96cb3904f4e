#pragma once

/// @file cusparse.hpp
/// The functions of cuSPARSE that are called here, by their names less the prefix. See on_demand_library.hpp.

#include <cusparse.h>

#include <string>

namespace splice_cuda::cuda {

struct Cusparse {
  decltype(&cusparseCreate) Create;
  decltype(&cusparseCreateConstCsr) CreateConstCsr;
  decltype(&cusparseCreateConstDnMat) CreateConstDnMat;
  decltype(&cusparseCreateDnMat) CreateDnMat;
  decltype(&cusparseDestroy) Destroy;
  decltype(&cusparseDestroyDnMat) DestroyDnMat;
  decltype(&cusparseDestroySpMat) DestroySpMat;
  decltype(&cusparseGetErrorString) GetErrorString;
  decltype(&cusparseGetProperty) GetProperty;
  decltype(&cusparseSetStream) SetStream;
  decltype(&cusparseSpMM) SpMM;
  decltype(&cusparseSpMM_bufferSize) SpMM_bufferSize;

  /// Loads the library at the first call. @throws DeviceError where that can't be done
  static const Cusparse& get();
};

/// "12.6.3". @throws DeviceError as get() does
std::string cusparse_version();

}  // namespace splice_cuda::cuda

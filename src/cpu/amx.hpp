#pragma once

/// @file amx.hpp
/// Whether this process may use the processor's matrix registers (Intel AMX with int8 products).

namespace splice_cuda::cpu {

/// True where the processor and the operating system have them and the process has been given their use, for which this
/// asks once. Linux alone gives it.
bool amx_usable();

/// For tests: kernels pass AMX by while one of these lives.
class WithoutAmx {
 public:
  WithoutAmx();
  ~WithoutAmx();
  WithoutAmx(const WithoutAmx&) = delete;
  WithoutAmx& operator=(const WithoutAmx&) = delete;
};

}  // namespace splice_cuda::cpu

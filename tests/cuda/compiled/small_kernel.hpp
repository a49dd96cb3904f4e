#pragma once

/// @file small_kernel.hpp
/// A kernel in PTX that is a few instructions, for tests of what runs them.

#include <string>

namespace splice_cuda::testing {

/// Of up to 64 threads; its argument is an array of 64-bit numbers. %rd2 is the thread's place in it, %r1 its number.
inline std::string small_kernel(const std::string& body) {
  return R"(
.version 9.0
.target sm_90a
.address_size 64
.extern .shared .align 16 .b8 dynamic[];
.visible .entry kernel(
  .param .u64 kernel_param_0
)
.maxntid 64, 1, 1
{
  .reg .pred %p<9>;
  .reg .b32 %r<20>;
  .reg .b64 %rd<20>;
  .reg .f32 %f<10>;
  .shared .align 8 .b8 fixed[256];
  ld.param.u64 %rd1, [kernel_param_0];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd19, %r1, 8;
  add.s64 %rd2, %rd1, %rd19;
)" + body + "\n  ret;\n}\n";
}

}  // namespace splice_cuda::testing

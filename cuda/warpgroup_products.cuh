#pragma once

/// @file warpgroup_products.cuh
/// The instructions of products by warpgroups, in code that is compiled for sm_90a alone.

#include <cstdint>

#include "lane_group.hpp"
#include "warpgroup_layout.hpp"

namespace splice_cuda::cuda {

/// The host pass sees what is not compiled in it anyway.
#if defined(__CUDA_ARCH__) && !defined(__CUDA_ARCH_FEAT_SM90_ALL)
inline constexpr bool compiled_for_warpgroup_products = false;
#else
inline constexpr bool compiled_for_warpgroup_products = true;
#endif

/// Nothing that reads or writes the registers moves past it: the compiler does not know when a product is finished.
template <int count>
SPLICE_KERNEL void hold_registers(std::int32_t* registers) {
  SPLICE_UNROLL
  for (int r = 0; r < count; ++r) asm volatile("" : "+r"(registers[r])::"memory");
}

#define SPLICE_EIGHT_SUMS(i) \
  "+r"(c[i]), "+r"(c[i + 1]), "+r"(c[i + 2]), "+r"(c[i + 3]), "+r"(c[i + 4]), "+r"(c[i + 5]), "+r"(c[i + 6]), "+r"(c[i + 7])

/// PTX ISA, "wgmma.mma_async". @param rows, columns  matrix_descriptor  @param keep  false: sums begin with this product
template <int columns_of_product>
SPLICE_KERNEL void multiply_warpgroup(std::int32_t* c, std::uint64_t rows, std::uint64_t columns, bool keep) {
  static_assert(columns_of_product == 64 || columns_of_product == 128);
  const int kept = keep ? 1 : 0;
  if constexpr (columns_of_product == 64) {
    asm volatile(
        "{\n"
        ".reg .pred kept;\n"
        "setp.ne.b32 kept, %34, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n64k32.s32.s8.s8 "
        "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, %32, %33, kept;\n"
        "}"
        : SPLICE_EIGHT_SUMS(0), SPLICE_EIGHT_SUMS(8), SPLICE_EIGHT_SUMS(16), SPLICE_EIGHT_SUMS(24)
        : "l"(rows), "l"(columns), "r"(kept));
  } else {
    asm volatile(
        "{\n"
        ".reg .pred kept;\n"
        "setp.ne.b32 kept, %66, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8 "
        "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, %64, %65, kept;\n"
        "}"
        : SPLICE_EIGHT_SUMS(0), SPLICE_EIGHT_SUMS(8), SPLICE_EIGHT_SUMS(16), SPLICE_EIGHT_SUMS(24), SPLICE_EIGHT_SUMS(32),
          SPLICE_EIGHT_SUMS(40), SPLICE_EIGHT_SUMS(48), SPLICE_EIGHT_SUMS(56)
        : "l"(rows), "l"(columns), "r"(kept));
  }
}

#undef SPLICE_EIGHT_SUMS

/// PTX ISA, "Async Proxy": products read shared memory by another way than threads do.
SPLICE_KERNEL void fence_for_products() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
/// PTX ISA, "wgmma.fence": between what threads do with the sums and products that use them.
SPLICE_KERNEL void fence_sums() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
SPLICE_KERNEL void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int but>
SPLICE_KERNEL void await_products() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(but) : "memory");
}

}  // namespace splice_cuda::cuda

#include "cpu/amx.hpp"

#include <atomic>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace splice_cuda::cpu {
namespace {

std::atomic<int> passed_by{0};

#if defined(__x86_64__) && defined(__linux__)
// "Intel Architecture Instruction Set Extensions Programming Reference", 3; Linux' Documentation/arch/x86/xstate.rst.
constexpr unsigned amx_tile = 1u << 24;
constexpr unsigned amx_int8 = 1u << 25;
constexpr unsigned os_saves_registers = 1u << 27;
constexpr unsigned tile_state = 3u << 17;
constexpr long request_permission = 0x1023;
constexpr long tile_data = 18;

bool processor_has_amx() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & os_saves_registers) == 0) return false;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((d & amx_tile) == 0 || (d & amx_int8) == 0) return false;
  unsigned low = 0;
  unsigned high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & tile_state) == tile_state;
}

/// Linux refuses where a signal stack is too small for the registers.
bool ask_for_amx() { return processor_has_amx() && syscall(SYS_arch_prctl, request_permission, tile_data) == 0; }
#else
bool ask_for_amx() { return false; }
#endif

}  // namespace

bool amx_usable() {
  static const bool usable = ask_for_amx();
  return usable && passed_by.load(std::memory_order_relaxed) == 0;
}

WithoutAmx::WithoutAmx() { passed_by.fetch_add(1); }
WithoutAmx::~WithoutAmx() { passed_by.fetch_sub(1); }

}  // namespace splice_cuda::cpu

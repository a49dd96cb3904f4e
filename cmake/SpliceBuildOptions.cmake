# Flags of our own targets. Linked as $<BUILD_INTERFACE:...>, so that they never reach users of the library.

add_library(splice_build_options INTERFACE)
target_compile_features(splice_build_options INTERFACE cxx_std_20)
set(splice_warnings -Wall -Wextra -Wconversion -Wshadow -Wno-psabi)
# GCC 12 sees overlapping copies in "text" + std::string where there are none (GCC bug 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND splice_warnings -Wno-restrict)
endif()
if(SPLICE_WERROR)
  list(APPEND splice_warnings -Werror)
endif()
# Warnings are for who changes the code.
if(SPLICE_QUICK)
  set(splice_warnings -Wno-psabi)
endif()
target_compile_options(splice_build_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${splice_warnings}>"
  # Results are promised bitwise: fused multiply-adds only where the code says so.
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)
# The baseline of the run-time dispatch: SSE4.2 and POPCNT, which every 64-bit x86 of the last 15 years has. Of a quick build it is
# this machine, and nothing is dispatched (src/cpu).
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(splice_build_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-march=$<IF:$<BOOL:${SPLICE_QUICK}>,native,x86-64-v2>>)
endif()
# GCC looks for garbage after every few MB: a tenth of the time of large units, which need 1 to 2 GB anyway.
if(SPLICE_QUICK AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(splice_build_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:SHELL:--param ggc-min-heapsize=1000000>")
endif()

# splice_quick_level(target level): a quick build compiles what is not hot in the target at this level. Sources with COMPILE_OPTIONS
# of their own keep them.
function(splice_quick_level target level)
  if(SPLICE_QUICK)
    target_compile_options(${target} PRIVATE $<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:${level}>)
  endif()
endfunction()

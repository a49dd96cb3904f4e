# splice_cuda_architectures(out given native): the architectures that kernels are compiled for, of those that were asked for (as
# CMAKE_CUDA_ARCHITECTURES has them) and those of this machine (CMAKE_CUDA_ARCHITECTURES_NATIVE, which `native` stands for).
# Products by warpgroups are in code for 9.0a alone, which every device of 9.0 runs: machine code for 9.0 becomes that, and
# PTX for 9.0 stays, which later devices run.
function(splice_cuda_architectures out given native)
  set(all "")
  foreach(architecture IN LISTS given)
    if(architecture STREQUAL "native" AND native)
      list(APPEND all ${native})
    else()
      list(APPEND all ${architecture})
    endif()
  endforeach()
  list(TRANSFORM all REPLACE "^90-real$" "90a-real")
  list(TRANSFORM all REPLACE "^90$" "90a-real;90-virtual")
  list(REMOVE_DUPLICATES all)
  set(${out} "${all}" PARENT_SCOPE)
endfunction()

# splice_unity(target group source ...): these sources of the target are compiled as one. Most of what a file takes to compile are
# headers (CLI11, JSON, Eigen, LibTorch), and inline functions out of them that each object has again. With SPLICE_UNITY=OFF each file
# is compiled alone: a build with -DSPLICE_UNITY=OFF finds includes that are missing. So the sanitizers' builds are.
#
# Sources of a group share the unnamed namespace: equal names there are errors. A source of no group is compiled alone, and so is,
# by CMake's rules, one with COMPILE_OPTIONS of its own.
function(splice_unity target group)
  if(NOT SPLICE_UNITY)
    return()
  endif()
  if(SPLICE_QUICK)
    get_target_property(merged ${target} splice_merged_${group})
    if(merged)
      set(group ${merged})
    endif()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  foreach(source IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH source)
    if(NOT EXISTS ${source})
      message(FATAL_ERROR "splice_unity(${target} ${group}): no file ${source}")
    endif()
    set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP ${group})
  endforeach()
endfunction()

# splice_merge_groups(target name group ...): in a quick build these groups, which splice_unity is called with later, are one: each
# has the same headers to read.
function(splice_merge_groups target name)
  foreach(group IN LISTS ARGN)
    set_target_properties(${target} PROPERTIES splice_merged_${group} ${name})
  endforeach()
endfunction()

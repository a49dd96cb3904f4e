# splice_own_package(target): installs a library beside splice_cuda as a package of its own: <output name>_targets.cmake, which
# splice_cuda-config.cmake includes where it is.
function(splice_own_package target)
  if(NOT SPLICE_INSTALL)
    return()
  endif()
  get_target_property(name ${target} OUTPUT_NAME)
  install(TARGETS ${target} EXPORT ${name}_targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(EXPORT ${name}_targets NAMESPACE splice_cuda:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/splice_cuda)
endfunction()

# cmake --install: library, headers, command, and the package that find_package(splice_cuda) finds.
include(CMakePackageConfigHelpers)

set(splice_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/splice_cuda)
install(TARGETS splice_cuda EXPORT splice_cuda_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/splice_cuda DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT splice_cuda_targets NAMESPACE splice_cuda:: DESTINATION ${splice_package_dir})

# A shared library carries its dependencies; a static one needs them found again.
get_target_property(splice_library_type splice_cuda TYPE)
configure_package_config_file(cmake/splice_cuda-config.cmake.in ${PROJECT_BINARY_DIR}/splice_cuda-config.cmake
  INSTALL_DESTINATION ${splice_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/splice_cuda-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/splice_cuda-config.cmake ${PROJECT_BINARY_DIR}/splice_cuda-config-version.cmake
  DESTINATION ${splice_package_dir})

# libsplice_cuda_torchscript.so: towers by LibTorch. Nothing links it: src/clip/load_tower.cpp loads it when a model is loaded.
add_library(splice_torchscript SHARED torchscript_tower.cpp torchscript_types.cpp)
target_include_directories(splice_torchscript PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(splice_torchscript PRIVATE splice_build_options splice::torch_cpu ${CMAKE_DL_LIBS})
splice_quick_level(splice_torchscript -O0)
splice_unity(splice_torchscript all torchscript_tower.cpp torchscript_types.cpp)
get_target_property(splice_torch_cpu_library splice::torch_cpu IMPORTED_LOCATION)
cmake_path(GET splice_torch_cpu_library PARENT_PATH splice_torch_libraries)
cmake_path(SET splice_nvidia_libraries NORMALIZE "${splice_torch_libraries}/../../nvidia/cu13/lib")
set_target_properties(splice_torchscript PROPERTIES
  OUTPUT_NAME splice_cuda_torchscript
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON
  BUILD_RPATH "${splice_torch_libraries};${splice_nvidia_libraries}"
  INSTALL_RPATH "$ORIGIN;$ORIGIN/../../torch/lib;$ORIGIN/../../nvidia/cu13/lib;${splice_torch_libraries};${splice_nvidia_libraries}")
# RPATH, not RUNPATH: it also serves the libraries that LibTorch's own need.
target_link_options(splice_torchscript PRIVATE -Wl,--disable-new-dtags)
if(SPLICE_INSTALL)
  install(TARGETS splice_torchscript LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()

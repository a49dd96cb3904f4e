# cmake -DMODE=installed|subdirectory -DSOURCE=... -DBUILD=... -DWORK=... -DCUDA=ON|OFF -P run_consumer.cmake
file(REMOVE_RECURSE ${WORK}/${MODE})
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "failed (${failed}): ${ARGV}")
  endif()
endfunction()
set(flags -S ${SOURCE}/tests/package/consumer -B ${WORK}/${MODE}/build -G Ninja -DCMAKE_BUILD_TYPE=Release
    -DCONSUMER_CUDA=${CUDA})
if(MODE STREQUAL installed)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/${MODE}/prefix)
  run(${CMAKE_COMMAND} ${flags} -DCMAKE_PREFIX_PATH=${WORK}/${MODE}/prefix)
else()
  # With CUDA it has to configure; what it would compile is known from the build that runs this. Each file is compiled
  # alone, which finds includes that are missing (cmake/SpliceUnity.cmake), and as cheaply as can be: not optimized, no debug
  # information, kernels for no instruction set but Highway's portable one.
  set(flags ${flags} -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -DHWY_COMPILE_ONLY_EMU128 -DHWY_BROKEN_EMU128=0"
      -DSPLICE_UNITY=OFF -DSPLICE_SOURCE=${SOURCE} -DSPLICE_WERROR=ON -DSPLICE_TORCH=OFF
      -DSPLICE_CLIP=OFF)
  if(CUDA)
    run(${CMAKE_COMMAND} ${flags} -DSPLICE_CUDA=ON)
    file(REMOVE_RECURSE ${WORK}/${MODE})
    set(CUDA OFF)
  endif()
  run(${CMAKE_COMMAND} ${flags} -DSPLICE_CUDA=OFF -DCONSUMER_CUDA=OFF)
endif()
run(${CMAKE_COMMAND} --build ${WORK}/${MODE}/build --target consumer -j 2)
run(${WORK}/${MODE}/build/consumer)
if(CLIP AND MODE STREQUAL installed)
  run(${CMAKE_COMMAND} --build ${WORK}/${MODE}/build --target clip_consumer -j 2)
  run(${WORK}/${MODE}/build/clip_consumer)
endif()
if(CUDA)
  run(${CMAKE_COMMAND} --build ${WORK}/${MODE}/build --target on_device -j 2)
  run(${WORK}/${MODE}/build/on_device)
endif()

# LibTorch, out of a torch that pip installed, without find_package(Torch): that one needs nvcc, sets architectures of its own
# and links libtorch_cuda into everything. Read are only files: Python need not be able to import this torch.
#
#   in   SPLICE_TORCH       AUTO, ON, OFF
#        SPLICE_TORCH_ROOT  .../site-packages/torch; else the environment's, else of .venv (scripts/get_torch.sh), else of python3
#   out  SPLICE_TORCH_ENABLED, SPLICE_TORCH_VERSION
#        SPLICE_TORCH_PYTHON      a Python that imports torch, for tests; empty where there is none
#        splice::torch_headers    headers only: what a stable-ABI library compiles with
#        splice::torch_cpu        libtorch_cpu, libc10

# Sets `root` to the folder of the torch that `python` would import, "" where there is none.
function(splice_torch_of python root)
  set(found "")
  if(EXISTS "${python}")
    execute_process(
      COMMAND "${python}" -c
        "import importlib.util as u; s = u.find_spec('torch'); print(list(s.submodule_search_locations)[0] if s else '')"
      OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  set(${root} "${found}" PARENT_SCOPE)
endfunction()

find_program(SPLICE_PYTHON3 python3 DOC "Python whose torch is taken where no other is named")
mark_as_advanced(SPLICE_PYTHON3)
set(splice_pythons "${PROJECT_SOURCE_DIR}/.venv/bin/python" "${SPLICE_PYTHON3}")
set(SPLICE_TORCH_ENABLED FALSE)
set(SPLICE_TORCH_PYTHON "" CACHE FILEPATH "Python that imports torch, for tests; may be empty")
if(NOT SPLICE_TORCH STREQUAL "OFF")
  set(splice_torch_root "${SPLICE_TORCH_ROOT}")
  if(NOT splice_torch_root)
    set(splice_torch_root "$ENV{SPLICE_TORCH_ROOT}")
  endif()
  foreach(python IN LISTS splice_pythons)
    if(NOT splice_torch_root)
      splice_torch_of("${python}" splice_torch_root)
    endif()
  endforeach()
  if(EXISTS "${splice_torch_root}/lib/libtorch_cpu.so" AND EXISTS "${splice_torch_root}/include/torch/script.h")
    set(SPLICE_TORCH_ENABLED TRUE)
  elseif(SPLICE_TORCH STREQUAL "ON")
    message(FATAL_ERROR "SPLICE_TORCH=ON, but there is no LibTorch in '${splice_torch_root}'; expected SPLICE_TORCH_ROOT="
      ".../site-packages/torch, or a torch that python3 finds (scripts/get_torch.sh installs one into .venv)")
  endif()
endif()

if(SPLICE_TORCH_ENABLED)
  file(STRINGS "${splice_torch_root}/version.py" splice_version_line REGEX "^__version__")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" SPLICE_TORCH_VERSION "${splice_version_line}")
  add_library(splice::torch_headers INTERFACE IMPORTED)
  target_include_directories(splice::torch_headers SYSTEM INTERFACE
    "${splice_torch_root}/include" "${splice_torch_root}/include/torch/csrc/api/include")
  foreach(library torch_cpu c10)
    add_library(splice::${library} SHARED IMPORTED)
    set_target_properties(splice::${library} PROPERTIES IMPORTED_LOCATION "${splice_torch_root}/lib/lib${library}.so")
  endforeach()
  target_link_libraries(splice::torch_cpu INTERFACE splice::torch_headers splice::c10)

  # Tests in Python need a torch that can be imported, which takes more of NVIDIA's libraries than linking does.
  if(SPLICE_TESTS AND NOT SPLICE_TORCH_PYTHON)
    set(splice_torch_python "")
    get_filename_component(splice_torch_environment "${splice_torch_root}/../../../.." ABSOLUTE)
    foreach(python IN ITEMS "${splice_torch_environment}/bin/python" LISTS splice_pythons)
      if(NOT splice_torch_python AND EXISTS "${python}")
        execute_process(COMMAND "${python}" -c "import torch" RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
        if(NOT failed)
          set(splice_torch_python "${python}")
        endif()
      endif()
    endforeach()
    set_property(CACHE SPLICE_TORCH_PYTHON PROPERTY VALUE "${splice_torch_python}")
  endif()
endif()
message(STATUS "splice_cuda: LibTorch ${SPLICE_TORCH_ENABLED} ${SPLICE_TORCH_VERSION} (SPLICE_TORCH=${SPLICE_TORCH})")

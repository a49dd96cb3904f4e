# SPLICE_SANITIZE=address,undefined or thread applies to every target of the build.

if(SPLICE_SANITIZE)
  # -O1 -g1: half the time to compile, and traces still name the line.
  add_compile_options(-fsanitize=${SPLICE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -O1 -g1)
  add_link_options(-fsanitize=${SPLICE_SANITIZE})
endif()

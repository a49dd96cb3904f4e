# SPLICE_SANITIZE=address,undefined or thread applies to every target of the build.

if(SPLICE_SANITIZE)
  add_compile_options(-fsanitize=${SPLICE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SPLICE_SANITIZE})
endif()

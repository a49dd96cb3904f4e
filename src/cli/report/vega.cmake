# Vega (Debian's libjs-vega, BSD-3-Clause): its modules as one script, packed, for the pages of `splice report`. Without it
# SPLICE_VEGA_BYTES is 0 and pages have tables alone.
set(SPLICE_VEGA_DIR "/usr/share/javascript/vega" CACHE PATH "Folder with the modules of Vega 5, vega-view.min.js and the like")
# In the order in which they need one another.
set(vega_modules util canvas time format loader dataflow scale scenegraph expression selection statistics functions event-selector
    parser runtime interpreter encode transforms view-transforms view)

set(SPLICE_VEGA_BYTES 0)
set(SPLICE_VEGA_HEX "")
set(vega_absent "")
foreach(module ${vega_modules})
  if(NOT EXISTS ${SPLICE_VEGA_DIR}/vega-${module}.min.js)
    list(APPEND vega_absent vega-${module}.min.js)
  endif()
endforeach()
if(vega_absent)
  message(STATUS "Vega: ${SPLICE_VEGA_DIR} lacks ${vega_absent}; pages of `splice report` will have no charts (libjs-vega)")
  return()
endif()

file(READ ${CMAKE_CURRENT_LIST_DIR}/page/vega_head.js vega_script)
foreach(module ${vega_modules})
  set(vega_file ${SPLICE_VEGA_DIR}/vega-${module}.min.js)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${vega_file})
  file(READ ${vega_file} vega_text)
  # A reader's tools would look for the map, which is not there.
  string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" vega_text "${vega_text}")
  string(APPEND vega_script "define.module = \"vega-${module}\";\n${vega_text}\n")
endforeach()
file(READ ${CMAKE_CURRENT_LIST_DIR}/page/vega_tail.js vega_text)
string(APPEND vega_script "${vega_text}")
if(vega_script MATCHES "</script|<!--")
  message(FATAL_ERROR "Vega: ${SPLICE_VEGA_DIR}: a module holds '</script' or '<!--'; expected text that may stand in a page")
endif()
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/vega.js "${vega_script}")
file(ARCHIVE_CREATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/vega.js.gz PATHS ${CMAKE_CURRENT_BINARY_DIR}/vega.js FORMAT raw
     COMPRESSION GZip COMPRESSION_LEVEL 9 MTIME 0)
file(READ ${CMAKE_CURRENT_BINARY_DIR}/vega.js.gz SPLICE_VEGA_HEX HEX)
string(LENGTH "${SPLICE_VEGA_HEX}" SPLICE_VEGA_BYTES)
math(EXPR SPLICE_VEGA_BYTES "${SPLICE_VEGA_BYTES} / 2")
string(REGEX REPLACE "(..)" "0x\\1," SPLICE_VEGA_HEX "${SPLICE_VEGA_HEX}")
message(STATUS "Vega: ${SPLICE_VEGA_DIR}, ${SPLICE_VEGA_BYTES} bytes packed")

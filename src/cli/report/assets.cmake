# report_assets.cpp: the files of page/ and the chart library as text of the command.
include(${CMAKE_CURRENT_LIST_DIR}/vega.cmake)

# splice_page_text(variable file...): their contents, one behind the other.
macro(splice_page_text variable)
  set(${variable} "")
  foreach(page_file ${ARGN})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/report/page/${page_file})
    file(READ ${CMAKE_CURRENT_SOURCE_DIR}/report/page/${page_file} page_text)
    string(APPEND ${variable} "${page_text}")
  endforeach()
endmacro()
splice_page_text(SPLICE_CARDS_PAGE cards_page.html)
splice_page_text(SPLICE_RESULT_PAGE result_page.html)
splice_page_text(SPLICE_PALETTE_CSS palette.css)
splice_page_text(SPLICE_CARDS_CSS cards.css)
splice_page_text(SPLICE_RESULT_CSS result.css)
splice_page_text(SPLICE_RESULT_SCRIPT values.js tables.js chart_data.js chart_axes.js chart_marks.js charts.js main.js)
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/report/report_assets.cpp.in report_assets.cpp @ONLY)

#pragma once

/// @file report_assets.hpp
/// The files of src/cli/report/page, which the build puts into the command, and the chart library.

#include <string>
#include <string_view>

namespace splice_cuda::cli::assets {

extern const std::string_view cards_page;   ///< page of `decompose --report`
extern const std::string_view result_page;  ///< page of `report`
extern const std::string_view palette_css;
extern const std::string_view cards_css;
extern const std::string_view result_css;
extern const std::string_view result_script;

/// Vega's modules with their licences, as one script that leaves `vega`; empty in a build that found no Vega.
std::string vega_script();

}  // namespace splice_cuda::cli::assets

#pragma once

/// @file report_page.hpp
/// Pictures or texts with their concepts as one HTML file that needs nothing else.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/report/row_cards.hpp"
#include "cli/run_settings.hpp"
#include "io/npz.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda::cli {

struct ReportPageArguments {
  std::string report;             ///< file to write
  std::int64_t report_limit = 200;  ///< most rows shown
  std::int64_t concepts = 10;     ///< most a row
  std::string title = "What the embeddings are made of";
  RowTruth truth = {};
};
/// --report, --report-limit, --report-title.
void add_report_page_options(CLI::App& verb, ReportPageArguments& arguments);
/// @throws ArgumentError for options of a page that nobody asked for
void check_report_page_options(const ReportPageArguments& arguments);

/// @param pictures  names are paths of pictures, which are shown
/// @throws FileError
void write_report(const ReportPageArguments& arguments, const ConceptSpace& space, const io::CodesFile& file, const RunSettings& settings,
                  bool pictures);

}  // namespace splice_cuda::cli

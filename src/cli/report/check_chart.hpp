#pragma once

/// @file check_chart.hpp
/// Whether a chart can be drawn from its table.

#include <string>

#include "cli/experiments/result_document.hpp"

namespace splice_cuda::cli {

/// Empty, or what is wrong, to stand behind the chart's name: ".y: names 'speed', a column of text; expected a number".
std::string chart_fault(const ResultDocument& document, const ResultChart& chart);

}  // namespace splice_cuda::cli

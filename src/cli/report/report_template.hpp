#pragma once

/// @file report_template.hpp
/// report.html, which the build puts into the command.

#include <string_view>

namespace splice_cuda::cli {

extern const std::string_view report_template;

}  // namespace splice_cuda::cli

#pragma once

/// @file argument_parsing.hpp
/// Options whose errors name the option, what was given and what is expected.

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "splice_cuda/matrix_view.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda::cli {

/// The largest whole number of options whose values are kept in 32 bits.
inline constexpr std::int64_t most_int32 = std::numeric_limits<std::int32_t>::max();

/// A verb that has verbs of its own, of which one has to be named.
CLI::App& add_group(CLI::App& app, const std::string& name, const std::string& help, const std::string& example);

/// A number > 0 and finite. @throws ArgumentError while the command line is parsed
CLI::Option* add_positive_number(CLI::App& verb, const std::string& names, std::optional<double>& target,
                                 const std::string& default_text, const std::string& help);

/// A whole number within [least, most].
CLI::Option* add_whole_number(CLI::App& verb, const std::string& names, std::int64_t& target,
                              std::int64_t least, std::int64_t most, const std::string& help);

/// An amount of memory: bytes, or with K, M, G or T (powers of 1024).
CLI::Option* add_byte_count(CLI::App& verb, const std::string& names, std::size_t& target,
                            const std::string& default_text, const std::string& help);

/// working_set, coordinate_descent, fista or admm.
CLI::Option* add_solver(CLI::App& verb, SolverKind& target);

/// float32, float16 or bfloat16.
CLI::Option* add_dtype(CLI::App& verb, const std::string& name, DType& target, const std::string& help);

/// argv without the program's name. The original tool's single-dash long options (-path, -out_path,
/// -l1_penalty, -device, -vocab) get their second dash. An empty value stays an argument of its own.
std::vector<std::string> normalized_arguments(int argc, const char* const* argv);

}  // namespace splice_cuda::cli

#pragma once

/// @file penalty_path.hpp
/// A path of penalties on the command line: how it is written, where its codes go, and its table.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/summary.hpp"

namespace splice_cuda::cli {

/// "0.4,0.3,0.2", or FROM:TO:COUNT for COUNT penalties from FROM down to TO, each the same factor below the one before.
/// @throws ArgumentError unless they are float32 numbers > 0 that descend
CLI::Option* add_penalty_path(CLI::App& verb, const std::string& name, std::vector<float>& target, const std::string& help);

/// As many digits as tell it from every other float32: "0.3".
std::string penalty_text(float penalty);

/// codes.npz, 0.3 -> codes-l1-0.3.npz
std::filesystem::path path_of_penalty(const std::filesystem::path& out, float penalty);

/// One line a penalty.
std::string path_table(const std::vector<float>& penalties, const std::vector<Summary>& summaries, double seconds);
nlohmann::ordered_json path_json(const std::vector<float>& penalties, const std::vector<Summary>& summaries,
                                 const std::string& out, double seconds);

}  // namespace splice_cuda::cli

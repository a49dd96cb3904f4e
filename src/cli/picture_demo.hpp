#pragma once

/// @file picture_demo.hpp
/// The shipped model on the shipped pictures, of which it is known what they show.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cli/exit_code.hpp"
#include "cli/problem_arguments.hpp"
#include "cli/verbs.hpp"

namespace splice_cuda::cli {

struct PictureDemoArguments {
  std::string model;     ///< empty: models/scene_clip, seen from here or from the command's own repository
  std::string pictures;  ///< empty: the folder "pictures" of the model
  std::string out = "build/demo/report.html";
};
/// --model, --pictures, --out.
void add_picture_demo_options(CLI::App& verb, PictureDemoArguments& arguments);

/// Decomposes, prints what each picture's concepts are and which of them are true (truth.json beside the pictures: a list of
/// objects with a "file" and its "concepts"), checks the outcome, and writes a page. @returns nothing, after a note that says why, where
/// no model was asked for by name and there is none, or none that this build or machine can run
/// @throws FileError, ... for a model that was named
std::optional<ExitCode> picture_demo(const PictureDemoArguments& arguments, const SolverArguments& solver, const ResourceArguments& resources,
                                     const ReportArguments& report);

}  // namespace splice_cuda::cli

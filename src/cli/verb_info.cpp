#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/build_info.hpp"
#include "splice_cuda/context.hpp"

namespace splice_cuda::cli {
namespace {

nlohmann::ordered_json to_json(const BuildInfo& build) {
  return {{"compiler", build.compiler}, {"type", build.type}, {"sanitizer", build.sanitizer}, {"shared", build.shared}};
}

nlohmann::ordered_json to_json(const CudaInfo& cuda) {
  nlohmann::ordered_json json;
  json["compiled"] = cuda.compiled;
  json["toolkit"] = cuda.toolkit;
  json["architectures"] = cuda.architectures;
  json["driver"] = cuda.driver;
  json["cudart"] = cuda.runtime;
  json["cublaslt"] = cuda.cublaslt;
  json["cusparse"] = cuda.cusparse;
  json["problem"] = cuda.problem;
  json["devices"] = nlohmann::ordered_json::array();
  for (const CudaDeviceInfo& device : cuda.devices) {
    json["devices"].push_back({{"device", to_string(device.device)},
                               {"name", device.name},
                               {"compute_capability", fmt::format("{}.{}", device.capability_major, device.capability_minor)},
                               {"memory_bytes", device.memory_bytes},
                               {"usable", device.usable}});
  }
  return json;
}

/// What there is to say beyond describe_cuda().
std::string cuda_text(const CudaInfo& cuda) {
  if (!cuda.compiled) return "";
  std::string libraries;
  const auto add = [&](const char* name, const std::string& version) {
    if (!version.empty()) libraries += fmt::format("{}{} {}", libraries.empty() ? "" : ", ", name, version);
  };
  add("cudart", cuda.runtime);
  add("cublasLt", cuda.cublaslt);
  add("cusparse", cuda.cusparse);
  return fmt::format("cuda libraries: {}\ncuda architectures: {}\n", libraries, cuda.architectures);
}

std::string build_text(const BuildInfo& build) {
  return fmt::format("build: {}, {}{}{}\n", build.compiler, build.type, build.shared ? ", shared" : ", static",
                     build.sanitizer.empty() ? "" : ", sanitizers " + build.sanitizer);
}

ExitCode show_build(const ReportArguments& report) {
  const int threads = Context(Device::cpu()).options().threads;
  const CudaInfo cuda = cuda_info();
  if (report.json) {
    nlohmann::ordered_json json;
    json["version"] = version();
    json["cpu_target"] = cpu_target();
    json["threads"] = threads;
    json["cuda_devices"] = cuda_device_count();
    json["cuda"] = describe_cuda();
    json["cuda_info"] = to_json(cuda);
    json["build"] = to_json(build_info());
    print_result(json.dump(2) + "\n");
    return ExitCode::ok;
  }
  print_result(fmt::format("splice {}\ncpu: {} kernels, {}\ncuda: {}\n", version(), cpu_target(), counted(threads, "thread"),
                           describe_cuda()));
  print_result(cuda_text(cuda) + build_text(build_info()));
  return ExitCode::ok;
}

}  // namespace

void add_info(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("info", "Version, build, instruction set, threads and CUDA devices");
  const auto report = std::make_shared<ReportArguments>();
  add_report_options(*verb, *report);
  verb->footer("Example:\n  splice info");
  verb->callback([report, &chosen] { chosen = [report] { return show_build(*report); }; });
}

}  // namespace splice_cuda::cli

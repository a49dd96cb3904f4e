#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/numbers_text.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/device.hpp"

namespace splice_cuda::cli {
namespace {

ExitCode info(const ReportArguments& report) {
  const int threads = Context(Device::cpu()).options().threads;
  if (report.json) {
    nlohmann::ordered_json json;
    json["version"] = version();
    json["cpu_target"] = cpu_target();
    json["threads"] = threads;
    json["cuda_devices"] = cuda_device_count();
    json["cuda"] = describe_cuda();
    print_result(json.dump(2) + "\n");
    return ExitCode::ok;
  }
  print_result(fmt::format("splice {}\ncpu: {} kernels, {}\ncuda: {}\n", version(), cpu_target(), counted(threads, "thread"), describe_cuda()));
  return ExitCode::ok;
}

}  // namespace

void add_info(CLI::App& app, Run& chosen) {
  CLI::App* verb = app.add_subcommand("info", "Version, instruction set, threads and CUDA devices");
  const auto report = std::make_shared<ReportArguments>();
  add_report_options(*verb, *report);
  verb->footer("Example:\n  splice info");
  verb->callback([report, &chosen] { chosen = [report] { return info(*report); }; });
}

}  // namespace splice_cuda::cli

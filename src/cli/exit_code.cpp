#include "cli/exit_code.hpp"

#include <array>
#include <filesystem>
#include <new>
#include <string_view>
#include <utility>

#include "cli/signals.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

/// The library names its own arguments; whoever typed the command knows them as options.
std::string in_terms_of_options(std::string message) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> options = {{
      {"device", "--device"}, {"memory_limit_bytes", "--memory-limit"}, {"text_embeddings", "--embeddings"}}};
  for (const auto& [argument, option] : options) {
    if (message.starts_with(std::string(argument) + ":")) return message.replace(0, argument.size(), option);
  }
  return message;
}

}  // namespace

std::string exit_code_help() {
  return "Exit codes:\n"
         "  0    done\n"
         "  1    a check failed (verify, dictionary check, demo)\n"
         "  2    wrong arguments, or inputs that do not fit together\n"
         "  3    a file that can't be read, is not what it says it is, or can't be written\n"
         "  4    out of memory\n"
         "  5    the device is absent, unsupported or failed; LibTorch or liblinear is absent, or was left out of the build\n"
         "  70   internal error\n"
         "  130  interrupted (Ctrl-C); 143 terminated, 129 hung up. No unfinished file is left behind\n";
}

Failure describe_failure(const std::exception_ptr& error) {
  const auto failure = [](ExitCode code, std::string message) {
    return Failure{static_cast<int>(code), in_terms_of_options(std::move(message))};
  };
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    return {signals::exit_code(), "interrupted; no unfinished file is left behind"};
  } catch (const ArgumentError& e) {
    return failure(ExitCode::wrong_arguments, e.what());
  } catch (const FileError& e) {
    return failure(ExitCode::file_error, e.what());
  } catch (const std::filesystem::filesystem_error& e) {
    return failure(ExitCode::file_error, e.what());
  } catch (const OutOfMemoryError& e) {
    return failure(ExitCode::out_of_memory, e.what());
  } catch (const std::bad_alloc&) {
    return failure(ExitCode::out_of_memory,
                   "out of memory; smaller inputs, or a smaller --memory-limit where there is one, may help");
  } catch (const DeviceError& e) {
    return failure(ExitCode::device_error, e.what());
  } catch (const std::exception& e) {
    return failure(ExitCode::internal_error, std::string("internal error: ") + e.what());
  } catch (...) {
    return failure(ExitCode::internal_error, "internal error: unknown exception");
  }
}

}  // namespace splice_cuda::cli

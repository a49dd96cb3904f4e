#include "cuda/compiled/compiled_kernels.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "launch_grid.hpp"

namespace splice_cuda::compiled {
namespace {

std::string text_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw ProgramError(file + ": cannot be read");
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Compilers differ in whether they name the last members of a structure that is a template's argument ("tl"), where these are
/// false.
std::string without_false_members(std::string name) {
  const std::size_t structure = name.find("Xtl");
  constexpr std::string_view last_false = "Lb0EE";
  for (std::size_t at = 0; structure != std::string::npos && (at = name.find(last_false, structure)) != std::string::npos;) {
    name.erase(at, last_false.size() - 1);
  }
  return name;
}

/// entry_kernel of a struct of the namespace splice_cuda::cuda: "Itanium C++ ABI", "Mangling".
std::string entry_of(std::string_view kernel) {
  constexpr std::string_view folder = "N11splice_cuda4cuda";
  if (!kernel.starts_with(folder) || !kernel.ends_with("E")) throw ProgramError(std::string(kernel) + ": expected a kernel of splice_cuda::cuda");
  kernel.remove_prefix(folder.size());
  kernel.remove_suffix(1);
  return without_false_members("_ZN11splice_cuda4cuda12entry_kernelINS0_" + std::string(kernel) + "EEEvNT_4ArgsEl");
}

Program read(const std::string& file) {
  Program program = parse(text_of(file));
  program.by_name.clear();
  for (std::size_t i = 0; i < program.functions.size(); ++i) {
    std::string& name = program.functions[i].name;
    name = without_false_members(name);
    if (!program.by_name.try_emplace(name, static_cast<int>(i)).second) throw ProgramError(name + ": two functions of this name");
  }
  return program;
}

}  // namespace

CompiledKernels::CompiledKernels(const std::string& file) : machine_(read(file)) {}

void CompiledKernels::run(const emulation::KernelLaunch& launch) {
  const std::string entry = entry_of(launch.kernel);
  // entry_kernel(Args args, std::int64_t items)
  std::vector<std::uint64_t> arguments((launch.args_bytes + 7) / 8 + 1);
  std::memcpy(arguments.data(), launch.args, launch.args_bytes);
  arguments.back() = static_cast<std::uint64_t>(launch.items);
  const std::lock_guard lock(mutex_);
  machine_.run(entry, {cuda::blocks_of(launch.groups, launch.groups_per_block), launch.lanes * launch.groups_per_block,
                       launch.dynamic_bytes, arguments.data(), arguments.size() * sizeof(std::uint64_t)});
}

void CompiledKernels::take_over(emulation::EmulationSettings& settings) {
  const std::string& target = machine_.program().target;
  settings.runner = this;
  settings.int8_tensor_cores = std::stoi(target.substr(std::string_view("sm_").size())) >= 80;
  settings.warpgroup_products = target == "sm_90a";
}

}  // namespace splice_cuda::compiled

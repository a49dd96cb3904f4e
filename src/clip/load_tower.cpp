#include "clip/load_tower.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include <dlfcn.h>

#include "clip/torchscript_archive.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

constexpr const char* library_name = "libsplice_cuda_torchscript.so";
constexpr const char* library_variable = "SPLICE_TORCHSCRIPT_LIBRARY";

class MappedSource final : public ByteSource {
 public:
  explicit MappedSource(const io::MappedFile& file) : file_(file) {}
  std::size_t size() const override { return file_.bytes().size(); }
  void read(std::size_t offset, std::span<std::byte> out) const override { file_.read_at(offset, out); }

 private:
  const io::MappedFile& file_;
};

/// The folder of the executable or library that this code is linked into; empty where the system does not
/// say.
std::filesystem::path own_folder() {
  Dl_info info = {};
  static const char inside = 0;
  if (dladdr(&inside, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  std::filesystem::path file = info.dli_fname;
  // For an executable that is what it was started as, which may be a bare name.
  if (!file.has_parent_path()) file = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path real = std::filesystem::canonical(file, error);
  return error ? std::filesystem::path() : real.parent_path();
}

std::vector<std::string> places() {
  if (const char* chosen = std::getenv(library_variable); chosen != nullptr && *chosen != '\0')
    return {chosen};
  std::vector<std::string> all;
  if (const std::filesystem::path own = own_folder(); !own.empty()) {
    for (const char* folder : {".", "../lib", "../" SPLICE_LIBDIR}) {
      const std::filesystem::path candidate = own / folder / library_name;
      std::error_code error;
      if (std::filesystem::exists(candidate, error)) all.push_back(candidate.string());
    }
  }
  all.emplace_back(library_name);
  return all;
}

TowerFactory* find_factory() {
  std::string reasons;
  for (const std::string& place : places()) {
    // Never closed: LibTorch does not survive being unloaded.
    void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      const char* reason = dlerror();
      reasons += std::string("\n  ") + (reason != nullptr ? reason : place.c_str());
      continue;
    }
    if (void* symbol = dlsym(library, tower_factory_name); symbol != nullptr) {
      return reinterpret_cast<TowerFactory*>(symbol);
    }
    reasons += "\n  " + place + ": it has no " + tower_factory_name;
  }
  throw Error(std::string("CLIP models need ") + library_name +
              ", which runs TorchScript by LibTorch, and it can't be loaded: this was built without LibTorch "
              "(configure with "
              "SPLICE_TORCH_ROOT=.../site-packages/torch; scripts/get_torch.sh fetches one), or the library "
              "lies elsewhere "
              "(set " +
              library_variable + " to its path). Tried:" + reasons);
}

}  // namespace

std::unique_ptr<Tower> load_tower(const io::MappedFile& file, const std::filesystem::path& path,
                                  const TowerOptions& options) {
  check_torchscript_archive(file, path.string());
  static TowerFactory* const factory = find_factory();
  std::unique_ptr<Tower> tower(factory(tower_interface_version, MappedSource(file), path.string(), options));
  if (!tower) {
    throw Error(std::string(library_name) + ": found another version of the interface, expected " +
                std::to_string(tower_interface_version) + ": it comes from another build than this");
  }
  return tower;
}

}  // namespace splice_cuda::clip

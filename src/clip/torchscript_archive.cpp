#include "clip/torchscript_archive.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include <zip.h>

#include "clip/code_scan.hpp"
#include "clip/pickle_scan.hpp"
#include "clip/zip_reader.hpp"
#include "io/ascii.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

constexpr std::uint64_t largest_text = std::uint64_t{64}
                                       << 20;  // code and pickles; weights are members of their own

struct ZipClose {
  void operator()(zip_t* zip) const noexcept { zip_discard(zip); }
  void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};

class Archive {
 public:
  Archive(const io::MappedFile& file, const std::string& name) : name_(name) {
    // An archive that two readers may see differently is none that can be checked.
    constexpr std::string_view magic = "PK\x03\x04";
    const std::string_view start(reinterpret_cast<const char*>(file.bytes().data()),
                                 std::min<std::size_t>(file.bytes().size(), 4));
    if (start != magic)
      fail(start.starts_with('\x80') ? "a plain pickle, which could run any code" : "no zip archive");
    if (!has_one_end(file)) fail("a damaged zip archive (not one end of its directory)");
    std::string why;
    zip_.reset(open_zip(file, why));
    if (!zip_) fail("a damaged zip archive (" + why + ")");
    const zip_int64_t count = zip_get_num_entries(zip_.get(), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* member = zip_get_name(zip_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
      if (member == nullptr || !members_.emplace(io::lower_ascii(member), member).second)
        fail("a zip archive with a member twice (in any case) or without a name");
    }
  }

  [[noreturn]] void fail(const std::string& found) const {
    throw FileError(name_ + ": found " + found + ", expected a TorchScript archive");
  }

  /// Names as they are by names in lower case: LibTorch looks members up in any case.
  const std::map<std::string, std::string>& members() const noexcept { return members_; }
  /// The folder that all members lie in, with its slash, in lower case.
  std::string root() const {
    if (members_.empty()) fail("an empty zip archive");
    const std::string& first = members_.begin()->first;
    const std::string root = first.substr(0, first.find('/') + 1);
    const bool shared = std::all_of(members_.begin(), members_.end(),
                                    [&](const auto& member) { return member.first.starts_with(root); });
    if (root.empty() || !shared) fail("a zip archive without one folder for all");
    return root;
  }
  std::vector<std::byte> read(const std::string& member) const {
    zip_stat_t status;
    zip_stat_init(&status);
    if (zip_stat(zip_.get(), member.c_str(), ZIP_FL_ENC_RAW, &status) != 0 ||
        (status.valid & ZIP_STAT_SIZE) == 0)
      fail("no " + member);
    if (status.size > largest_text) fail(member + " of " + std::to_string(status.size) + " bytes");
    const std::unique_ptr<zip_file_t, ZipClose> file(zip_fopen_index(zip_.get(), status.index, 0));
    std::vector<std::byte> bytes(status.size);
    if (!file ||
        zip_fread(file.get(), bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size())) {
      fail("a damaged " + member);
    }
    // The checksum is compared at the end.
    std::byte more = {};
    if (zip_fread(file.get(), &more, 1) != 0) fail("a damaged " + member);
    return bytes;
  }

 private:
  const std::string& name_;
  std::unique_ptr<zip_t, ZipClose> zip_;
  std::map<std::string, std::string> members_;
};

}  // namespace

void check_torchscript_archive(const io::MappedFile& file, const std::string& name) {
  const Archive archive(file, name);
  const std::string root = archive.root();
  const auto is_code = [&](const std::string& member) {
    return member.starts_with(root + "code/") && member.ends_with(".py");
  };
  const auto& members = archive.members();
  const bool has_code =
      std::any_of(members.begin(), members.end(), [&](const auto& member) { return is_code(member.first); });
  if (!has_code && members.contains(root + "data.pkl")) {
    archive.fail("an archive of torch.save (a pickle without code), which could run any code");
  }
  // LibTorch would read it by another, older loader.
  if (members.contains(root + "model.json")) archive.fail("an archive of the format before 1.4 (model.json)");
  const bool has_version = members.contains(root + "version") || members.contains(root + ".data/version");
  if (!has_code || !has_version || !members.contains(root + "constants.pkl") ||
      !members.contains(root + "data.pkl")) {
    archive.fail("a zip archive that lacks code/, data.pkl, constants.pkl or version");
  }
  for (const auto& [lower, member] : members) {
    // Also ".debug_pkl", the places in the source that code comes from.
    if (lower.ends_with("pkl")) check_pickle(archive.read(member), name + ": " + member);
    if (!is_code(lower)) continue;
    const std::vector<std::byte> bytes = archive.read(member);
    check_code({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name + ": " + member);
  }
}

}  // namespace splice_cuda::clip

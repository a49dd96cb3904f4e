#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/atomic_file.hpp"
#include "io/npz.hpp"
#include "io/safetensors.hpp"
#include "npy_bytes.hpp"
#include "privileges.hpp"
#include "scratch_folder.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::file_error;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

std::string refusal_of_target(const fs::path& path) {
  return file_error([&] { AtomicFile{path}; });
}

TEST(AtomicFileTarget, MissingFoldersAreNamed) {
  const testing::ScratchFolder folder;
  const auto path = folder.path("missing/x.npz");
  EXPECT_THAT(refusal_of_target(path), AllOf(HasSubstr(path.string() + ": can't create a file beside it"),
                                   HasSubstr("No such file or directory")));
  folder.write("file", "");
  EXPECT_THAT(refusal_of_target(folder.path("file/x.npz")), HasSubstr("Not a directory"));
  EXPECT_THAT(refusal_of_target(""), AllOf(HasSubstr("found an empty path"), HasSubstr("expected the path of a file")));
  EXPECT_THAT(refusal_of_target(folder.path(std::string(300, 'n'))), HasSubstr("name too long"));
  EXPECT_THAT(folder.entries(), ElementsAre("file"));
}

TEST(AtomicFileTarget, UnwritableFoldersAreNamed) {
  const testing::ScratchFolder folder;
  folder.write("x", "older");
  fs::permissions(folder.root(), fs::perms::owner_read | fs::perms::owner_exec);
  {
    const testing::PermissionsCount permissions_count;
    EXPECT_THAT(refusal_of_target(folder.path("x")),
                AllOf(HasSubstr(folder.path("x").string() + ": can't create a file beside it"),
                      HasSubstr("Permission denied")));
    EXPECT_THAT(file_error([&] { write_safetensors(folder.path("x"), {}, {}); }),
                HasSubstr("Permission denied"));
    EXPECT_THAT(file_error([&] {
                  write_codes(folder.path("x"), {{0, 1, {0}, {}, {}}, {}, {}, {}});
                }),
                HasSubstr("Permission denied"));
  }
  fs::permissions(folder.root(), fs::perms::owner_all);
  EXPECT_EQ(folder.read("x"), "older");
  EXPECT_THAT(folder.entries(), ElementsAre("x"));
}

/// Root renaming a file over /dev/null is a broken machine.
TEST(AtomicFileTarget, FoldersPipesAndDevicesAreNotReplaced) {
  const testing::ScratchFolder folder;
  fs::create_directory(folder.path("folder"));
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
  fs::create_symlink("/dev/null", folder.path("link"));
  for (const fs::path& path : {folder.path("folder"), folder.path("folder/"), folder.path("pipe"),
                               folder.path("link"), fs::path("/dev/full")}) {
    EXPECT_THAT(refusal_of_target(path),
                AllOf(HasSubstr(path.string()), HasSubstr("something else than a regular file"),
                      HasSubstr("expected a file to write")))
        << path;
  }
  EXPECT_THAT(folder.entries(), ElementsAre("folder", "link", "pipe"));
  EXPECT_TRUE(fs::is_fifo(folder.path("pipe")));
}

TEST(AtomicFileTarget, ATargetThatBecomesAFolderIsNamedAndNothingIsLeft) {
  const testing::ScratchFolder folder;
  {
    AtomicFile file(folder.path("x"));
    fs::create_directory(folder.path("x"));
    EXPECT_THAT(file_error([&] { file.commit(); }),
                AllOf(HasSubstr(folder.path("x").string() + ": can't replace"), HasSubstr("Is a directory")));
  }
  EXPECT_THAT(folder.entries(), ElementsAre("x"));
}

TEST(AtomicFileTarget, LinksStayAndTheFileTheyLeadToIsReplaced) {
  const testing::ScratchFolder folder;
  fs::create_directory(folder.path("results"));
  folder.write("results/codes", "older");
  fs::create_symlink("results/codes", folder.path("relative"));
  fs::create_symlink(folder.path("results/codes"), folder.path("absolute"));
  fs::create_symlink("../relative", folder.path("results/chain"));
  for (const char* link : {"relative", "absolute", "results/chain"}) {
    write_text(folder.path(link), link);
    EXPECT_TRUE(fs::is_symlink(folder.path(link))) << link;
    EXPECT_EQ(folder.read("results/codes"), link);
  }
  { AtomicFile not_committed(folder.path("relative")); }
  EXPECT_EQ(folder.read("relative"), "results/chain");
  EXPECT_THAT(folder.entries(), ElementsAre("absolute", "relative", "results"));
}

TEST(AtomicFileTarget, LinksToFilesThatDoNotExistYetCreateThem) {
  const testing::ScratchFolder folder;
  fs::create_symlink("new", folder.path("link"));
  write_text(folder.path("link"), "text");
  EXPECT_TRUE(fs::is_symlink(folder.path("link")));
  EXPECT_EQ(folder.read("new"), "text");
  fs::create_symlink("loop", folder.path("loop"));
  EXPECT_THAT(refusal_of_target(folder.path("loop")),
              AllOf(HasSubstr("loop: found links without end"), HasSubstr("expected a file to write")));
}

/// Each writer of ours on a disk that is full after 10,000 bytes.
TEST(AtomicFileTarget, AFullDiskLeavesTheOlderFileAndNothingElse) {
  const testing::ScratchFolder folder;
  const std::string data(100'000, 'x');
  const std::vector<TensorToWrite> tensors = {{"t", TensorType::uint8, {100'000}, testing::as_span(data)}};
  CodesFile codes;
  codes.codes = {0, 1, {0}, {}, {}};
  codes.options_json = data;
  const std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> writers = {
      {"text", [&](const fs::path& path) { write_text(path, data); }},
      {"x.safetensors", [&](const fs::path& path) { write_safetensors(path, tensors, {}); }},
      {"x.npz", [&](const fs::path& path) { write_codes(path, codes); }}};
  for (const auto& [name, write] : writers) {
    SCOPED_TRACE(name);
    for (const bool older : {false, true}) {
      const auto path = older ? folder.write(name, "older") : folder.path(name);
      {
        const testing::FileSizeLimit full(10'000);
        EXPECT_THAT(file_error([&, &use = write] { use(path); }),
                    AllOf(HasSubstr(path.string() + ": can't write"), HasSubstr("too large")));
      }
      if (older) {
        EXPECT_EQ(folder.read(name), "older");
        EXPECT_THAT(folder.entries(), ElementsAre(name));
      } else {
        EXPECT_THAT(folder.entries(), IsEmpty());
      }
    }
    write(folder.path(name));
    EXPECT_GT(fs::file_size(folder.path(name)), data.size() - 1) << "and the next attempt succeeds";
    fs::remove(folder.path(name));
  }
}

}  // namespace
}  // namespace splice_cuda::io

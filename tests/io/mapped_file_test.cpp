#include "io/mapped_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/embedding_source.hpp"
#include "io/npy.hpp"
#include "io/npz.hpp"
#include "io/safetensors.hpp"
#include "privileges.hpp"
#include "scratch_folder.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using testing::file_error;
using ::testing::HasSubstr;

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::string read_at(const MappedFile& file, std::size_t offset, std::size_t size) {
  std::string text(size, '?');
  file.read_at(offset, std::as_writable_bytes(std::span(text.data(), text.size())));
  return text;
}

TEST(MappedFile, HoldsTheWholeFile) {
  const testing::ScratchFolder folder;
  for (const std::size_t size : {1, 4095, 4096, 4097, 100'000}) {
    std::string text(size, 'x');
    text.back() = '\0';
    const MappedFile file(folder.write("x", text));
    EXPECT_EQ(text_of(file), text);
    EXPECT_EQ(read_at(file, 0, size), text);
    EXPECT_EQ(read_at(file, size - 1, 1), std::string(1, '\0'));
    EXPECT_EQ(read_at(file, size, 0), "");
  }
}

TEST(MappedFile, EmptyFilesAreEmpty) {
  const testing::ScratchFolder folder;
  const MappedFile file(folder.write("x", ""));
  EXPECT_TRUE(file.bytes().empty());
  EXPECT_EQ(read_at(file, 0, 0), "");
  EXPECT_THAT(file_error([&] { read_at(file, 0, 1); }), HasSubstr("the file became shorter"));
}

TEST(MappedFile, ReadsBeyondTheEndAreRefused) {
  const testing::ScratchFolder folder;
  const auto path = folder.write("x", "0123456789");
  const MappedFile file(path);
  for (const auto& [offset, size] : {std::pair<std::size_t, std::size_t>{10, 1},
                                     {9, 2},
                                     {0, 11},
                                     {std::size_t{1} << 40, 1},
                                     {SIZE_MAX, 1}}) {
    EXPECT_THAT(file_error([&] { read_at(file, offset, size); }),
                AllOf(HasSubstr(path.string()), HasSubstr("can't read at byte ")))
        << offset;
  }
}

TEST(MappedFile, MovesCarryTheMapping) {
  const testing::ScratchFolder folder;
  MappedFile first(folder.write("first", "one"));
  MappedFile second(folder.write("second", "two"));
  first = std::move(second);
  EXPECT_EQ(text_of(first), "two");
  const MappedFile third(std::move(first));
  EXPECT_EQ(text_of(third), "two");
  EXPECT_EQ(read_at(third, 1, 2), "wo");
}

TEST(MappedFile, DeletedAndReplacedFilesStayAsTheyWere) {
  const testing::ScratchFolder folder;
  const MappedFile file(folder.write("x", "older"));
  std::filesystem::rename(folder.write("y", "newer"), folder.path("x"));
  EXPECT_EQ(text_of(file), "older");
  std::filesystem::remove(folder.path("x"));
  EXPECT_EQ(read_at(file, 0, 5), "older");
}

TEST(MappedFile, AbsentFilesAndBrokenLinksAreNamed) {
  const testing::ScratchFolder folder;
  const auto link = folder.path("link");
  std::filesystem::create_symlink("nowhere", link);
  EXPECT_THAT(file_error([&] { MappedFile{folder.path("absent")}; }),
              AllOf(HasSubstr("absent: can't open"), HasSubstr("No such file")));
  EXPECT_THAT(file_error([&] { MappedFile{link}; }),
              AllOf(HasSubstr("link: can't open"), HasSubstr("No such file")));
  EXPECT_THAT(file_error([] { MappedFile{""}; }), HasSubstr("No such file"));
  std::filesystem::create_symlink("loop", folder.path("loop"));
  EXPECT_THAT(file_error([&] { MappedFile{folder.path("loop")}; }), HasSubstr("symbolic links"));
}

TEST(MappedFile, UnreadableFilesAreNamed) {
  const testing::ScratchFolder folder;
  const auto path = folder.write("x", "secret");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  const testing::PermissionsCount permissions_count;
  EXPECT_THAT(file_error([&] { MappedFile{path}; }),
              AllOf(HasSubstr(path.string() + ": can't open"), HasSubstr("Permission denied")));
}

class OddFiles : public ::testing::Test {
 protected:
  // A reader that waits is ended by the signal, and the test with it.
  void SetUp() override { ::alarm(60); }
  void TearDown() override { ::alarm(0); }
};

TEST_F(OddFiles, FoldersPipesSocketsAndDevicesAreRefusedAtOnce) {
  const testing::ScratchFolder folder;
  std::filesystem::create_directory(folder.path("folder"));
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
  for (const std::filesystem::path& path :
       {folder.path("folder"), folder.path("pipe"), std::filesystem::path("/dev/zero"),
        std::filesystem::path("/dev/null")}) {
    EXPECT_THAT(
        file_error([&] { MappedFile{path}; }),
        AllOf(HasSubstr(path.string()), HasSubstr("not a regular file"), HasSubstr("expected a file")))
        << path;
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = folder.path("socket").string();
  ASSERT_LT(name.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(file_error([&] { MappedFile{name}; }), HasSubstr("socket"));
  ::close(socket);
}

TEST_F(OddFiles, NoReaderWaitsAtAPipe) {
  const testing::ScratchFolder folder;
  for (const char* name : {"x.npy", "x.npz", "x.safetensors", "x.txt"})
    ASSERT_EQ(::mkfifo(folder.path(name).c_str(), 0600), 0);
  EXPECT_THAT(file_error([&] { read_npy_float32(folder.path("x.npy")); }), HasSubstr("not a regular file"));
  EXPECT_THAT(file_error([&] { read_codes(folder.path("x.npz")); }), HasSubstr("not a regular file"));
  EXPECT_THAT(file_error([&] { SafetensorsFile{folder.path("x.safetensors")}; }),
              HasSubstr("not a regular file"));
  EXPECT_THAT(file_error([&] { EmbeddingSource::open(folder.path("x.npy")); }),
              HasSubstr("not a regular file"));
  EXPECT_THAT(file_error([&] { EmbeddingSource::open(folder.path("x.safetensors")); }),
              HasSubstr("not a regular file"));
  EXPECT_THAT(file_error([&] { read_concept_list(folder.path("x.txt")); }), HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace splice_cuda::io

#include "io/atomic_file.hpp"

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/npz.hpp"
#include "io/safetensors.hpp"
#include "scratch_folder.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(AtomicFile, AppearsWithCommitAndWhole) {
  const testing::ScratchFolder folder;
  const std::string large(3'000'000, 'x');
  {
    AtomicFile file(folder.path("x"));
    file.write("head ");
    file.write(large);
    file.write("");
    EXPECT_FALSE(std::filesystem::exists(folder.path("x")));
    EXPECT_THAT(folder.entries(), SizeIs(1)) << "the temporary file, in the same folder";
    file.commit();
    EXPECT_THAT(folder.entries(), ElementsAre("x"));
  }
  EXPECT_TRUE(folder.read("x") == "head " + large);
  EXPECT_THAT(folder.entries(), ElementsAre("x"));
}

TEST(AtomicFile, WithoutCommitNothingIsLeft) {
  const testing::ScratchFolder folder;
  {
    AtomicFile file(folder.path("x"));
    file.write("half");
  }
  EXPECT_THAT(folder.entries(), IsEmpty());
}

TEST(AtomicFile, TheOlderFileStaysUntilCommit) {
  const testing::ScratchFolder folder;
  folder.write("x", "older and longer");
  {
    AtomicFile file(folder.path("x"));
    file.write("newer");
    EXPECT_EQ(folder.read("x"), "older and longer");
  }
  EXPECT_EQ(folder.read("x"), "older and longer");
  AtomicFile file(folder.path("x"));
  file.write("newer");
  file.commit();
  EXPECT_EQ(folder.read("x"), "newer");
}

TEST(AtomicFile, AnExceptionLeavesTheOlderFile) {
  const testing::ScratchFolder folder;
  folder.write("x", "older");
  try {
    AtomicFile file(folder.path("x"));
    file.write("half");
    throw std::runtime_error("midway");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(folder.read("x"), "older");
  EXPECT_THAT(folder.entries(), ElementsAre("x"));
}

TEST(AtomicFile, AHeaderCanBeRewritten) {
  const testing::ScratchFolder folder;
  AtomicFile file(folder.path("out"));
  file.write("0000 rows");
  file.rewrite(2, "42");
  file.write(" and more");
  file.commit();
  EXPECT_EQ(folder.read("out"), "0042 rows and more");
}

TEST(AtomicFile, MovesCarryTheFile) {
  const testing::ScratchFolder folder;
  {
    AtomicFile first(folder.path("x"));
    first.write("one ");
    AtomicFile second(std::move(first));
    second.write("two");
    second.commit();
  }
  EXPECT_EQ(folder.read("x"), "one two");
  EXPECT_THAT(folder.entries(), ElementsAre("x"));
}

TEST(AtomicFile, TheLastOfSeveralWritersWins) {
  const testing::ScratchFolder folder;
  AtomicFile first(folder.path("x"));
  AtomicFile second(folder.path("x"));
  AtomicFile third(folder.path("x"));
  EXPECT_NE(first.temporary_path(), second.temporary_path());
  first.write("first");
  second.write("second");
  second.commit();
  EXPECT_EQ(folder.read("x"), "second");
  first.commit();
  EXPECT_EQ(folder.read("x"), "first");
}

TEST(AtomicFile, WritersInThreadsNeverMix) {
  const testing::ScratchFolder folder;
  folder.write("x", std::string(10'000, 'a'));
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  for (char letter = 'b'; letter < 'f'; ++letter) {
    writers.emplace_back([&, letter] {
      for (int round = 0; round < 20; ++round) {
        AtomicFile file(folder.path("x"));
        for (int part = 0; part < 10; ++part) file.write(std::string(1000, letter));
        if (round % 4 != 3) file.commit();
      }
    });
  }
  std::thread reader([&] {
    while (!done) {
      const std::string text = folder.read("x");
      ASSERT_EQ(text, std::string(10'000, text.empty() ? '?' : text[0]));
    }
  });
  for (std::thread& writer : writers) writer.join();
  done = true;
  reader.join();
  EXPECT_THAT(folder.entries(), ElementsAre("x"));
}

TEST(AtomicFile, ASignalCanRemoveAllTemporaryFiles) {
  const testing::ScratchFolder folder;
  folder.write("old", "older");
  std::vector<AtomicFile> files;
  for (int i = 0; i < 5; ++i) files.emplace_back(folder.path("x" + std::to_string(i)));
  AtomicFile replacing(folder.path("old"));
  {
    AtomicFile committed(folder.path("done"));
    committed.commit();
  }
  EXPECT_THAT(folder.entries(), SizeIs(8));
  remove_temporary_files();
  EXPECT_THAT(folder.entries(), ElementsAre("done", "old"));
  EXPECT_EQ(folder.read("old"), "older");
}

TEST(AtomicFile, MoreFilesThanASignalKnowsOfAreWrittenAllTheSame) {
  const testing::ScratchFolder folder;
  {
    std::vector<AtomicFile> files;
    for (int i = 0; i < 40; ++i) files.emplace_back(folder.path(std::to_string(i)));
    for (AtomicFile& file : files) file.commit();
  }
  EXPECT_THAT(folder.entries(), SizeIs(40));
}

class Umask : public ::testing::TestWithParam<mode_t> {
 protected:
  void SetUp() override { before_ = ::umask(GetParam()); }
  void TearDown() override { ::umask(before_); }

 private:
  mode_t before_ = 0;
};

/// Not mkstemp's 0600: a file that colleagues can't read surprises them.
TEST_P(Umask, SaysTheFilesMode) {
  const testing::ScratchFolder folder;
  AtomicFile file(folder.path("x"));
  file.commit();
  write_safetensors(folder.path("x.safetensors"), {}, {});
  CodesFile codes;
  codes.codes = {0, 1, {0}, {}, {}};
  write_codes(folder.path("x.npz"), codes);
  for (const char* name : {"x", "x.safetensors", "x.npz"}) {
    struct stat status {};
    ASSERT_EQ(::stat(folder.path(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0666 & ~GetParam()) << name;
  }
}
INSTANTIATE_TEST_SUITE_P(Modes, Umask, ::testing::Values(0, 022, 027, 077));

}  // namespace
}  // namespace splice_cuda::io

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codes_archive.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using testing::file_error;
using ::testing::HasSubstr;
using testing::npy_bytes;
using testing::npy_dict;
using testing::sound_members;
using testing::zip_member;
using testing::ZipMember;

std::vector<ZipMember> sound_list() {
  std::vector<ZipMember> list;
  for (const auto& [name, bytes] : sound_members()) list.push_back(zip_member(name + ".npy", bytes));
  return list;
}

ZipMember& find(std::vector<ZipMember>& list, const std::string& name) {
  return *std::find_if(list.begin(), list.end(),
                       [&](const ZipMember& member) { return member.name == name; });
}

std::string refusal_of_members(const std::vector<ZipMember>& list) {
  const std::string message = file_error([&] { testing::read_codes_bytes(testing::zip_bytes(list)); });
  EXPECT_THAT(message, HasSubstr("codes.npz"));
  return message;
}

/// Peak memory of the process so far, in bytes.
std::int64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

TEST(NpzArchiveHostile, FilesThatAreNoneAreNamed) {
  const testing::ScratchFolder folder;
  EXPECT_THAT(file_error([&] { read_codes(folder.path("absent.npz")); }),
              AllOf(HasSubstr("absent.npz"), HasSubstr("No such file")));
  std::filesystem::create_directory(folder.path("folder.npz"));
  EXPECT_THAT(file_error([&] { read_codes(folder.path("folder.npz")); }),
              AllOf(HasSubstr("folder.npz"), HasSubstr("not a regular file")));
  for (const std::string& text : {std::string(), std::string("no archive, just text"),
                                  std::string(100'000, 'P'), testing::npy_vector<float>("<f4", {1, 2})}) {
    EXPECT_THAT(
        file_error([&] { read_codes(folder.write("codes.npz", text)); }),
        AllOf(HasSubstr("codes.npz: found no readable zip archive ("), HasSubstr("expected an .npz file")));
  }
  EXPECT_THAT(file_error([&] { read_codes(folder.write("codes.npz", testing::zip_bytes({}))); }),
              HasSubstr("codes.npz: found no "));
}

TEST(NpzArchiveHostile, MembersOfTheSameNameAreRefused) {
  auto list = sound_list();
  list.push_back(zip_member("data.npy", testing::npy_vector<float>("<f4", {9, 9, 9, 9})));
  EXPECT_THAT(refusal_of_members(list), HasSubstr("no readable zip archive"))
      << "readers differ in which of the two they take";
}

TEST(NpzArchiveHostile, WrongChecksumsAreRefused) {
  for (const std::string name : {"data.npy", "format.npy", "gap.npy", "options.npy"}) {
    auto list = sound_list();
    find(list, name).checksum ^= 1;
    EXPECT_THAT(refusal_of_members(list), HasSubstr(name + ": found ")) << name;
  }
}

TEST(NpzArchiveHostile, EncryptedMembersAndUnknownMethodsAreRefused) {
  auto encrypted = sound_list();
  find(encrypted, "data.npy").flags = 1;
  EXPECT_THAT(refusal_of_members(encrypted), AllOf(HasSubstr("data.npy: found a member that can't be opened"),
                                        HasSubstr("expected a readable one")));
  auto unknown = sound_list();
  find(unknown, "data.npy").method = 99;
  EXPECT_THAT(refusal_of_members(unknown), HasSubstr(": found "));
  auto no_stream = sound_list();
  find(no_stream, "data.npy").method = 8;  // stored bytes that say they are deflated
  EXPECT_THAT(refusal_of_members(no_stream), HasSubstr("data.npy: found a damaged or truncated member"));
}

/// Sizes that fit the matrix's claims, too, and still are not there.
TEST(NpzArchiveHostile, ClaimedSizesAreNotAllocated) {
  constexpr std::int64_t rows = std::int64_t{1} << 40;
  const std::string header = npy_bytes(npy_dict("<i8", "(" + std::to_string(rows + 1) + ",)"), "");
  auto list = sound_list();
  find(list, "shape.npy") = zip_member("shape.npy", testing::npy_vector<std::int64_t>("<i8", {rows, 4}));
  ZipMember& offsets = find(list, "indptr.npy");
  offsets = zip_member("indptr.npy", header + std::string(4096, '\0'), true);
  offsets.size = header.size() + 8 * static_cast<std::uint64_t>(rows + 1);
  const std::int64_t before = peak_memory();
  EXPECT_THAT(refusal_of_members(list), HasSubstr("indptr.npy: found a damaged or truncated member"));
  EXPECT_LT(peak_memory() - before, 64 << 20);
}

/// 64 MB of zeros in 64 kB of deflate: refused by their size, before they are inflated.
TEST(NpzArchiveHostile, MembersThatInflateToMoreThanTheMatrixTakesAreRefused) {
  constexpr std::size_t bomb = 64 << 20;
  ZipMember zeros = zip_member("", std::string(bomb, '\0'), true);
  ASSERT_LT(zeros.held.size(), bomb / 500);
  for (const std::string name :
       {"format.npy", "shape.npy", "indptr.npy", "data.npy", "gap.npy", "options.npy"}) {
    auto list = sound_list();
    zeros.name = name;
    find(list, name) = zeros;
    EXPECT_THAT(refusal_of_members(list),
                AllOf(HasSubstr(name + ": found a member of " + std::to_string(bomb) + " bytes"),
                      HasSubstr("expected at most ")));
  }
}

TEST(NpzArchiveHostile, MembersThatInflateToMoreThanTheySayAreRefused) {
  auto list = sound_list();
  const ZipMember honest = find(list, "data.npy");
  const std::string padded = sound_members()["data"] + std::string(1 << 20, '\0');
  ZipMember& data = find(list, "data.npy");
  data = zip_member("data.npy", padded, true);
  data.size = honest.size;
  EXPECT_THAT(refusal_of_members(list),
              HasSubstr("data.npy: found more data than the archive says, or a wrong checksum"));
  data.checksum = honest.checksum;  // right for the part that is asked for
  EXPECT_THAT(refusal_of_members(list),
              HasSubstr("data.npy: found more data than the archive says, or a wrong checksum"));
}

TEST(NpzArchiveHostile, StoredMembersThatClaimMoreThanTheyHoldAreRefused) {
  auto list = sound_list();
  ZipMember& data = find(list, "data.npy");
  data.size = data.held.size() + 8;
  EXPECT_FALSE(refusal_of_members(list).empty());
}

}  // namespace
}  // namespace splice_cuda::io

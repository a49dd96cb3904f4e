#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codes_archive.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::filesystem::path kept(const std::string& name) {
  return std::filesystem::path(SPLICE_IO_TEST_DATA) / name;
}

void expect_the_matrix(const SparseCodes& codes) {
  EXPECT_EQ(codes.rows, 3);
  EXPECT_EQ(codes.cols, 4);
  EXPECT_THAT(codes.row_offsets, ElementsAre(0, 2, 2, 4));
  EXPECT_THAT(codes.atom_indices, ElementsAre(1, 3, 0, 2));
  EXPECT_THAT(codes.values, ElementsAre(0.5f, 0.25f, 1.5f, -2.0f));
}

/// Stored and deflated, int32 and int64, f16 to f64, sizes before and behind the data:
/// data/make_scipy_files.py.
TEST(NpzForeign, WhatSciPyWritesReadsTheSame) {
  for (const char* name :
       {"scipy_stored.npz", "scipy_deflated.npz", "scipy_streamed.npz", "scipy_wide.npz"}) {
    SCOPED_TRACE(name);
    const CodesFile file = read_codes(kept(name));
    expect_the_matrix(file.codes);
    EXPECT_THAT(file.reports, IsEmpty()) << "SciPy holds no reports";
    EXPECT_THAT(file.cosine, IsEmpty());
    EXPECT_EQ(file.options_json, "{}");
  }
}

TEST(NpzForeign, OtherSparseFormatsAreRefused) {
  EXPECT_THAT(testing::file_error([] { read_codes(kept("scipy_csc.npz")); }),
              AllOf(HasSubstr("scipy_csc.npz: found a matrix in the format csc"),
                    HasSubstr("scipy.sparse.save_npz")));
}

TEST(NpzForeign, ArchivesByHandReadTheSame) {
  for (const bool deflate_them : {false, true}) {
    SCOPED_TRACE(deflate_them);
    const CodesFile file =
        testing::read_codes_bytes(testing::archive(testing::sound_members(), deflate_them));
    expect_the_matrix(file.codes);
    ASSERT_EQ(file.reports.size(), 3u);
    EXPECT_EQ(file.reports[1].status, RowStatus::zero_embedding);
    EXPECT_EQ(file.reports[2].gap, 2e-9);
    EXPECT_EQ(file.reports[2].iterations, 9);
    EXPECT_THAT(file.cosine, ElementsAre(0.75f, 0.0f, 0.5f));
  }
}

TEST(NpzForeign, OtherMembersAreNotRead) {
  auto members = testing::sound_members();
  members["pickle"] = testing::npy_bytes(testing::npy_dict("|O", "(1,)"), "\x80\x04.");
  members["unknown"] = "no array at all";
  expect_the_matrix(testing::read_codes_bytes(testing::archive(members)).codes);
}

}  // namespace
}  // namespace splice_cuda::io

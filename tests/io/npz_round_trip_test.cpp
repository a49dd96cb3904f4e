#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include "io/npz.hpp"
#include "scratch_folder.hpp"

namespace splice_cuda::io {
namespace {

CodesFile sample_file() {
  CodesFile file;
  file.codes = {
      4, 15000, {0, 2, 2, 3, 6}, {7, 14999, 0, 1, 2, 3}, {0.5f, 1e-30f, -0.25f, 3.0f, 0x1p-149f, 1e30f}};
  file.reports = {{0.5, 0.25, 0.25, 1e-9, 2, 17, RowStatus::certified, 0.25},
                  {NAN, NAN, NAN, NAN, 0, 0, RowStatus::non_finite_input, 0.25},
                  {0, 0, 0, 0, 0, 0, RowStatus::zero_embedding, 0x1p-149},
                  {1e300, -1e300, INFINITY, 5e-324, std::numeric_limits<std::int32_t>::max(), -1,
                   RowStatus::budget_exhausted, 3e38}};
  file.cosine = {0.5f, NAN, 0.0f, 1.0f};
  file.names = {"a/caf\xc3\xa9.jpg", "", "line\nbreak and \xff", std::string("nul\0byte", 8)};
  file.options_json = "{\"l1_penalty\": 0.25, \"dictionary\": \"caf\xc3\xa9 \\\"x\\\".npz\"}";
  return file;
}

template <class T, class U>
void expect_same_bits(T a, T b, U type) {
  EXPECT_EQ(std::bit_cast<U>(a), std::bit_cast<U>(b)) << a << " " << b << " " << type;
}

void expect_same(const CodesFile& read, const CodesFile& written) {
  EXPECT_EQ(read.codes.rows, written.codes.rows);
  EXPECT_EQ(read.codes.cols, written.codes.cols);
  EXPECT_EQ(read.codes.row_offsets, written.codes.row_offsets);
  EXPECT_EQ(read.codes.atom_indices, written.codes.atom_indices);
  EXPECT_EQ(read.codes.values, written.codes.values);
  EXPECT_EQ(read.options_json, written.options_json);
  EXPECT_EQ(read.names, written.names);
  ASSERT_EQ(read.reports.size(), written.reports.size());
  for (std::size_t i = 0; i < read.reports.size(); ++i) {
    SCOPED_TRACE(i);
    const RowReport& a = read.reports[i];
    const RowReport& b = written.reports[i];
    expect_same_bits(a.primal, b.primal, std::uint64_t{});
    expect_same_bits(a.dual, b.dual, std::uint64_t{});
    expect_same_bits(a.gap, b.gap, std::uint64_t{});
    expect_same_bits(a.kkt_violation, b.kkt_violation, std::uint64_t{});
    expect_same_bits(a.l1_penalty, b.l1_penalty, std::uint64_t{});
    EXPECT_EQ(a.rounds, b.rounds);
    EXPECT_EQ(a.iterations, b.iterations);
    EXPECT_EQ(a.status, b.status);
  }
  ASSERT_EQ(read.cosine.size(), written.cosine.size());
  for (std::size_t i = 0; i < read.cosine.size(); ++i)
    expect_same_bits(read.cosine[i], written.cosine[i], std::uint32_t{});
}

CodesFile round_trip(const CodesFile& file) {
  const testing::ScratchFolder folder;
  write_codes(folder.path("codes.npz"), file);
  EXPECT_THAT(folder.entries(), ::testing::ElementsAre("codes.npz")) << "nothing stays beside it";
  return read_codes(folder.path("codes.npz"));
}

TEST(NpzRoundTrip, EveryFieldComesBackBitByBit) {
  const CodesFile file = sample_file();
  expect_same(round_trip(file), file);
}

TEST(NpzRoundTrip, NoRowsNoEntriesAndOneAtom) {
  CodesFile none;
  none.codes = {0, 15000, {0}, {}, {}};
  expect_same(round_trip(none), none);
  CodesFile empty_rows;
  empty_rows.codes = {2, 1, {0, 0, 0}, {}, {}};
  empty_rows.reports.resize(2);
  empty_rows.cosine = {0, 0};
  expect_same(round_trip(empty_rows), empty_rows);
  CodesFile one;
  one.codes = {1, 1, {0, 1}, {0}, {1.0f}};
  one.reports.resize(1);
  one.cosine = {1};
  one.options_json.clear();
  expect_same(round_trip(one), one);
}

TEST(NpzRoundTrip, CodesWithoutReportsComeBackWithoutReports) {
  CodesFile file = sample_file();
  file.reports.clear();
  file.cosine.clear();
  expect_same(round_trip(file), file);
}

TEST(NpzRoundTrip, LongMembersArriveWhole) {
  CodesFile file;
  constexpr std::int64_t rows = 100'000;  // members of more than one step of the reader
  file.codes.rows = rows;
  file.codes.cols = 1000;
  file.codes.row_offsets.push_back(0);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < row % 7; ++i) {
      file.codes.atom_indices.push_back(static_cast<std::int32_t>(i * 100 + row % 100));
      file.codes.values.push_back(static_cast<float>(row) + 0.5f);
    }
    file.codes.row_offsets.push_back(file.codes.nnz());
  }
  file.reports.resize(static_cast<std::size_t>(rows));
  file.cosine.resize(static_cast<std::size_t>(rows), 0.5f);
  expect_same(round_trip(file), file);
}

/// Also where local time lies before or behind: zip keeps local times, and none before 1980.
TEST(NpzRoundTrip, TheSameCodesGiveTheSameBytesInEveryTimeZone) {
  const testing::ScratchFolder folder;
  const char* before = std::getenv("TZ");
  const std::string kept = before == nullptr ? "" : before;
  for (const char* zone : {"UTC0", "EST+5", "JST-9"}) {
    ::setenv("TZ", zone, 1);
    ::tzset();
    write_codes(folder.path(zone), sample_file());
  }
  before == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", kept.c_str(), 1);
  ::tzset();
  EXPECT_TRUE(folder.read("UTC0") == folder.read("EST+5"));
  EXPECT_TRUE(folder.read("UTC0") == folder.read("JST-9"));
}

TEST(NpzRoundTrip, AnOlderFileIsReplacedWhole) {
  const testing::ScratchFolder folder;
  const auto path = folder.write("codes.npz", std::string(100'000, 'x'));
  const CodesFile file = sample_file();
  write_codes(path, file);
  expect_same(read_codes(path), file);
}

}  // namespace
}  // namespace splice_cuda::io

// Copies cut into pieces: every byte once, none of another's, whatever the pitches.

#include <cstdint>
#include <numeric>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "row_copy.hpp"

namespace splice_cuda::testing {
namespace {

using cuda::CopyPieces;
using cuda::RowCopy;

constexpr unsigned char untouched = 0xEE;

/// Rows, bytes a row, what the pitches have beside them, most bytes a piece.
using Shape = std::tuple<std::int64_t, std::size_t, std::size_t, std::size_t, std::size_t>;

class Pieces : public ::testing::TestWithParam<Shape> {};

TEST_P(Pieces, AreTheWhole) {
  const auto [rows, row_bytes, more_to, more_from, most] = GetParam();
  const std::size_t to_pitch = row_bytes + more_to;
  const std::size_t from_pitch = row_bytes + more_from;
  std::vector<unsigned char> from(static_cast<std::size_t>(rows) * from_pitch + 1);
  std::iota(from.begin(), from.end(), static_cast<unsigned char>(1));
  std::vector<unsigned char> to(static_cast<std::size_t>(rows) * to_pitch + 1, untouched);
  std::vector<int> written(to.size(), 0);
  const CopyPieces pieces({to.data(), to_pitch, from.data(), from_pitch, row_bytes, rows}, most);
  for (std::int64_t i = 0; i < pieces.count(); ++i) {
    const RowCopy piece = pieces.piece(i);
    EXPECT_GT(piece.rows, 0);
    EXPECT_LE(static_cast<std::size_t>(piece.rows) * piece.row_bytes, most);
    copy_on_host(piece);
    for (std::int64_t row = 0; row < piece.rows; ++row) {
      const auto start = static_cast<std::size_t>(static_cast<unsigned char*>(piece.to) - to.data()) +
                         static_cast<std::size_t>(row) * to_pitch;
      for (std::size_t byte = 0; byte < piece.row_bytes; ++byte) ++written[start + byte];
    }
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::size_t row = to_pitch == 0 ? 0 : i / to_pitch;
    const bool meant = to_pitch != 0 && static_cast<std::int64_t>(row) < rows && i % to_pitch < row_bytes;
    ASSERT_EQ(written[i], meant ? 1 : 0) << i;
    ASSERT_EQ(to[i], meant ? from[row * from_pitch + i % to_pitch] : untouched) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Pieces,
                         ::testing::Values(Shape{1, 1, 0, 0, 1}, Shape{0, 8, 0, 0, 16}, Shape{5, 0, 3, 3, 16},
                                           Shape{7, 12, 0, 0, 36}, Shape{7, 12, 0, 5, 36}, Shape{7, 12, 4, 0, 40},
                                           Shape{3, 100, 0, 0, 100}, Shape{3, 101, 0, 0, 100}, Shape{3, 101, 2, 9, 100},
                                           Shape{1, 1000, 0, 0, 64}, Shape{2, 250, 1, 0, 64}, Shape{101, 13, 0, 7, 4096}));

TEST(Pieces, ArePartsOfRowsWhereOneIsTooLong) {
  const CopyPieces pieces({nullptr, 300, nullptr, 300, 250, 2}, 100);
  EXPECT_EQ(pieces.count(), 6);
  EXPECT_EQ(pieces.piece(2).row_bytes, 50u);
  EXPECT_EQ(pieces.piece(3).row_bytes, 100u);
}

}  // namespace
}  // namespace splice_cuda::testing

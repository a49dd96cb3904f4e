#include "core/equal_rows.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace splice_cuda {
namespace {

TEST(EqualRows, FindsTheFirstOfEachKindAndIgnoresPadding) {
  const std::vector<float> values = {1, 2, 9,  //
                                     3, 4, 8,  //
                                     1, 2, 7,  //
                                     3, 4, 6,  //
                                     1, 5, 5};
  const MatrixView<const float> matrix{values.data(), 5, 2, 3};
  EXPECT_EQ(first_equal_rows(matrix), (std::vector<std::int32_t>{0, 1, 0, 1, 4}));
}

TEST(EqualRows, NoRows) { EXPECT_TRUE(first_equal_rows(MatrixView<const float>()).empty()); }

}  // namespace
}  // namespace splice_cuda

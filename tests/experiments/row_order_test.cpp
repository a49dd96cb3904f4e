#include "experiments/row_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace splice_cuda {
namespace {

/// Sizes of an epoch's reads; `seen` counts how often each row came.
std::vector<std::int64_t> epoch_of(RowOrder& order, std::int64_t batch, std::vector<int>& seen, std::vector<std::int64_t>& rows) {
  order.shuffle();
  const RowReader read = [](std::int64_t first, MatrixView<float> out) {
    for (std::int64_t i = 0; i < out.rows; ++i) *out.row(i) = static_cast<float>(first + i);
  };
  std::vector<float> buffer(static_cast<std::size_t>(batch));
  std::vector<std::int64_t> sizes;
  for (std::int64_t got = 1; got > 0;) {
    got = order.read(read, {buffer.data(), batch, 1});
    if (got > 0) sizes.push_back(got);
    for (std::int64_t i = 0; i < got; ++i) {
      rows.push_back(static_cast<std::int64_t>(buffer[static_cast<std::size_t>(i)]));
      ++seen.at(static_cast<std::size_t>(rows.back()));
    }
  }
  return sizes;
}

TEST(RowOrder, FillsEveryBatchButTheLastWhateverItsSize) {
  for (const std::int64_t count : {1000, 65536, 65600 + 7}) {
    for (const std::int64_t batch : {17, 64, 100, 1024}) {
      RowOrder order(count, 3);
      for (int epoch = 0; epoch < 2; ++epoch) {
        std::vector<int> seen(static_cast<std::size_t>(count));
        std::vector<std::int64_t> rows;
        std::vector<std::int64_t> sizes = epoch_of(order, batch, seen, rows);
        EXPECT_EQ(seen, std::vector<int>(seen.size(), 1)) << count << " rows, batches of " << batch;
        EXPECT_FALSE(std::is_sorted(rows.begin(), rows.end()));
        std::vector<std::int64_t> expected(static_cast<std::size_t>(count / batch), batch);
        if (count % batch > 0) expected.push_back(count % batch);
        EXPECT_EQ(sizes, expected) << count << " rows";
      }
    }
  }
}

TEST(RowOrder, StartsAnewInTheMiddleOfAPiece) {
  RowOrder order(65536, 3);
  std::vector<float> buffer(10);
  order.shuffle();
  order.read([](std::int64_t, MatrixView<float>) {}, {buffer.data(), 10, 1});
  std::vector<int> seen(65536);
  std::vector<std::int64_t> rows;
  epoch_of(order, 100, seen, rows);
  EXPECT_EQ(seen, std::vector<int>(seen.size(), 1));
}

}  // namespace
}  // namespace splice_cuda

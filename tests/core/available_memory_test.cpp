// Memory that the machine does not have is refused before it is touched.

#include "core/available_memory.hpp"

#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/thrown_message.hpp"
#include "splice_cuda/splice_cuda.hpp"

namespace splice_cuda::testing {
namespace {

TEST(AvailableMemory, IsWhatTheSystemSays) {
  EXPECT_GT(available_memory(), std::size_t{1} << 20);
  require_memory(0, 0, "no numbers");
  require_memory(5, 5, "five numbers");
}

TEST(AvailableMemory, TooLittleNamesBothSizes) {
  EXPECT_EQ(thrown_message<OutOfMemoryError>([] { require_memory(2000, 1999, "2 atoms"); }),
            "out of memory: 2 atoms take 2000 bytes, and 1999 are left");
}

/// A dictionary that no machine holds: its rows are not there, and are not looked at.
TEST(DictionaryMemory, IsCheckedBeforeTheAtomsAreRead) {
  const Context context;
  const std::vector<float> row(65536, 0.5f);
  const MatrixView<const float> atoms(row.data(), 2147483583, 65536);  // 281 TB of int8 copies
  const std::string message = thrown_message<OutOfMemoryError>([&] { Dictionary::view(context, atoms); });
  EXPECT_THAT(message, ::testing::AllOf(::testing::HasSubstr("2147483583 atoms of 65536 numbers"),
                                        ::testing::HasSubstr("bytes")));
}

}  // namespace
}  // namespace splice_cuda::testing

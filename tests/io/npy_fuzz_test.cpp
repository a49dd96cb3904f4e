#include <gtest/gtest.h>

#include "byte_fuzz.hpp"
#include "io/npy.hpp"
#include "npy_bytes.hpp"

namespace splice_cuda::io {
namespace {

void read_all(const std::string& bytes) {
  const NpyArray array = parse_npy(testing::as_span(bytes), "fuzzed.npy");
  ASSERT_EQ(array.data.size(), static_cast<std::size_t>(array.elements()) * size_of(array.type));
  to_float32(array, "fuzzed.npy");
}

TEST(NpyFuzz, DamagedFilesGiveOnlyFileErrors) {
  for (const int version : {1, 2, 3}) {
    const std::string sound = testing::npy_bytes(testing::npy_dict("<f4", "(2, 3)"), std::string(24, 'x'), version);
    const int accepted = testing::fuzz_bytes(sound, 20000, static_cast<unsigned>(version), read_all);
    EXPECT_GT(accepted, 100) << "damage in the data alone is no error";
  }
}

TEST(NpyFuzz, DamagedHeadersGiveOnlyFileErrors) {
  // Without data, every edit hits the header.
  const std::string sound = testing::npy_bytes(testing::npy_dict("<f8", "(0, 1234567890123)"), "");
  testing::fuzz_bytes(sound, 20000, 7, read_all);
}

}  // namespace
}  // namespace splice_cuda::io

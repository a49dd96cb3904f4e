#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/npy.hpp"
#include "npy_bytes.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::ElementsAre;
using testing::npy_bytes;
using testing::npy_dict;

TEST(NpyHeader, EachVersionReadsTheSame) {
  const std::string data = testing::raw_bytes<float>({1, 2, 3, 4, 5, 6});
  for (const int version : {1, 2, 3}) {
    const std::string file = npy_bytes(npy_dict("<f4", "(2, 3)"), data, version);
    const NpyArray array = parse_npy(testing::as_span(file), "x.npy");
    EXPECT_EQ(array.type, NpyType::float32);
    EXPECT_THAT(array.shape, ElementsAre(2, 3));
    EXPECT_THAT(to_float32(array, "x.npy"), ElementsAre(1, 2, 3, 4, 5, 6)) << "version " << version;
  }
}

TEST(NpyHeader, WrittenHeadersReadBackForEveryTypeAndShape) {
  for (int type = 0; type <= static_cast<int>(NpyType::boolean); ++type) {
    const auto element = static_cast<NpyType>(type);
    for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{}, {0}, {7}, {2, 3}, {5, 0}, {1, 2, 3}}) {
      std::int64_t count = 1;
      for (const std::int64_t extent : shape) count *= extent;
      const std::string header = npy_header(element, shape);
      EXPECT_EQ(header.size() % 64, 0u) << "data start aligned";
      EXPECT_EQ(header.back(), '\n');
      const std::string file = header + std::string(static_cast<std::size_t>(count) * size_of(element), '\0');
      const NpyArray array = parse_npy(testing::as_span(file), "x.npy");
      EXPECT_EQ(array.type, element);
      EXPECT_EQ(array.shape, shape);
      EXPECT_EQ(array.elements(), count);
    }
  }
}

TEST(NpyHeader, WritesThePythonTuplesThatNumPyWrites) {
  const auto text = [](std::vector<std::int64_t> shape) { return npy_header(NpyType::float32, shape); };
  EXPECT_THAT(text({}), ::testing::HasSubstr("'shape': ()"));
  EXPECT_THAT(text({4}), ::testing::HasSubstr("'shape': (4,)"));
  EXPECT_THAT(text({4, 5}), ::testing::HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 5), }"));
}

TEST(NpyHeader, KeyOrderQuotesAndSpacesAreFree) {
  const std::string data = testing::raw_bytes<float>({1, 2});
  for (const char* dict : {"{\"shape\": (2,), \"fortran_order\": False, \"descr\": \"<f4\"}",
                           "{'descr':'<f4','fortran_order':False,'shape':(2,)}",
                           " { 'fortran_order' : False , 'shape' : ( 2 , ) , 'descr' : '<f4' , } \n"}) {
    const std::string file = npy_bytes(dict, data);
    EXPECT_THAT(parse_npy(testing::as_span(file), "x.npy").shape, ElementsAre(2)) << dict;
  }
}

TEST(NpyHeader, SingleBytesHaveNoOrder) {
  for (const char* descr : {"|u1", "<u1", ">u1"}) {
    const std::string file = npy_bytes(npy_dict(descr, "(3,)"), "abc");
    EXPECT_EQ(parse_npy(testing::as_span(file), "x.npy").type, NpyType::uint8) << descr;
  }
}

TEST(NpyHeader, IntegersAreNoEmbeddings) {
  const std::string file = npy_bytes(npy_dict("<i4", "(1,)"), "abcd");
  const NpyArray array = parse_npy(testing::as_span(file), "codes.npz:indices.npy");
  EXPECT_THAT(testing::file_error([&] { to_float32(array, "codes.npz:indices.npy"); }),
              ::testing::AllOf(::testing::HasSubstr("codes.npz:indices.npy"), ::testing::HasSubstr("found type <i4"),
                               ::testing::HasSubstr("expected float16, float32 or float64")));
}

}  // namespace
}  // namespace splice_cuda::io

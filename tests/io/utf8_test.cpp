#include "io/utf8.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace splice_cuda::io {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, SoundTextPasses) {
  for (const std::string_view text : {""sv, "dog"sv, "\0"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv,
                                      "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv,
                                      "\xf4\x8f\xbf\xbf"sv, "caf\xc3\xa9 \xe7\x8a\xac \xf0\x9f\x90\x95"sv}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, OverlongFormsAreRefused) {
  for (const std::string_view text : {"\xc0\x80"sv, "\xc0\xaf"sv, "\xc1\xbf"sv, "\xe0\x80\x80"sv, "\xe0\x9f\xbf"sv,
                                      "\xf0\x80\x80\x80"sv, "\xf0\x8f\xbf\xbf"sv}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8, SurrogatesAndValuesBeyondTheRangeAreRefused) {
  for (const std::string_view text : {"\xed\xa0\x80"sv, "\xed\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv,
                                      "\xf8\x88\x80\x80\x80"sv, "\xfe"sv, "\xff"sv}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8, TruncatedAndStrayBytesAreRefused) {
  for (const std::string_view text : {"\xc3"sv, "\xe7\x8a"sv, "\xf0\x9f\x90"sv, "\x80"sv, "\xbf"sv, "a\xc3"sv, "\xc3 "sv,
                                      "\xe7\x8a "sv, "\xf0\x9f\x90 "sv, "\xc3\xc3\xa9"sv, "fine, then \xa9"sv}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

/// Every scalar value encodes to text that passes; every two-byte string follows the standard's table.
TEST(Utf8, AgreesWithTheStandardsTable) {
  for (std::uint32_t value = 0; value < 0x110000; ++value) {
    std::string text;
    const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (value >> shift & 0x3f)); };
    if (value < 0x80) {
      text += static_cast<char>(value);
    } else if (value < 0x800) {
      text += static_cast<char>(0xc0 | value >> 6);
      tail(0);
    } else if (value < 0x10000) {
      text += static_cast<char>(0xe0 | value >> 12);
      tail(6);
      tail(0);
    } else {
      text += static_cast<char>(0xf0 | value >> 18);
      tail(12);
      tail(6);
      tail(0);
    }
    const bool surrogate = value >= 0xd800 && value < 0xe000;
    ASSERT_EQ(is_utf8(text), !surrogate) << value;
  }
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second)};
      const bool sound = (first < 0x80 && second < 0x80) || (first >= 0xc2 && first < 0xe0 && second >= 0x80 && second < 0xc0);
      ASSERT_EQ(is_utf8(text), sound) << first << " " << second;
    }
  }
}

}  // namespace
}  // namespace splice_cuda::io

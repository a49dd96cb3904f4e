// The tokenizer with a handful of merges; against open_clip in test_tokenizer.py.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "clip/text_cleaning.hpp"
#include "io/scratch_folder.hpp"
#include "io/thrown_message.hpp"
#include "splice_cuda/clip.hpp"

namespace splice_cuda::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

nlohmann::json description() {
  return {{"type", "clip_bpe"},           {"clean", "lower"},
          {"context_length", 8},          {"start_token", "<start_of_text>"},
          {"end_token", "<end_of_text>"}, {"merges", {"t h", "th e</w>", "a a", "aa a</w>"}}};
}

class TinyTokenizer : public ::testing::Test {
 protected:
  ClipTokenizer load(const nlohmann::json& json) const {
    return ClipTokenizer::load(scratch_.write("tokenizer.json", json.dump()));
  }
  std::vector<std::int64_t> encode(const std::string& text, std::vector<std::int64_t>* cut = nullptr) const {
    return load(description()).encode({&text, 1}, cut);
  }
  std::string refused(const nlohmann::json& json) const {
    return file_error([&] { load(json); });
  }
  ScratchFolder scratch_;
};

// 512 byte symbols ('!' is 0, 'a' 64, with the end of the word 256 more), then merges, start, end.
constexpr std::int64_t merge = 512;
constexpr std::int64_t start = 516;
constexpr std::int64_t end = 517;
std::int64_t byte(char letter) { return letter - '!'; }
std::int64_t last(char letter) { return letter - '!' + 256; }

TEST_F(TinyTokenizer, MergesByRankFromTheLeft) {
  EXPECT_EQ(load(description()).vocabulary_size(), 518);
  EXPECT_THAT(encode("the"), ElementsAre(start, merge + 1, end, 0, 0, 0, 0, 0));
  EXPECT_THAT(encode("then"), ElementsAre(start, merge, byte('e'), last('n'), end, 0, 0, 0));
  EXPECT_THAT(encode("aaa"), ElementsAre(start, merge + 3, end, 0, 0, 0, 0, 0));
  EXPECT_THAT(encode("aaaaa"), ElementsAre(start, merge + 2, merge + 3, end, 0, 0, 0, 0));
  EXPECT_THAT(encode("a"), ElementsAre(start, last('a'), end, 0, 0, 0, 0, 0));
}

TEST_F(TinyTokenizer, CutsWordsAndCleans) {
  EXPECT_THAT(encode("  THE\n&#97;'S 12"),
              ElementsAre(start, merge + 1, last('a'), byte('\''), last('s'), last('1'), last('2'), end));
  EXPECT_THAT(encode(""), ElementsAre(start, end, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(encode("<END_OF_TEXT>"), ElementsAre(start, end, end, 0, 0, 0, 0, 0));
}

TEST_F(TinyTokenizer, LongTextsKeepTheirBeginning) {
  std::vector<std::int64_t> cut;
  EXPECT_THAT(encode("a a a a a a", &cut),
              ElementsAre(start, last('a'), last('a'), last('a'), last('a'), last('a'), last('a'), end));
  EXPECT_TRUE(cut.empty());
  EXPECT_THAT(encode("a a a a a a b", &cut),
              ElementsAre(start, last('a'), last('a'), last('a'), last('a'), last('a'), last('a'), end));
  EXPECT_THAT(cut, ElementsAre(0));
}

TEST_F(TinyTokenizer, LongWordsTakeNoQuadraticTime) {
  std::vector<std::int64_t> cut;
  EXPECT_EQ(encode(std::string(300000, 'a'), &cut)[1], merge + 2);
  EXPECT_THAT(cut, ElementsAre(0));
  std::string nested;
  for (int i = 0; i < 20000; ++i) nested += "&amp;amp;amp;amp;";
  EXPECT_EQ(encode(nested).front(), start);
}

TEST_F(TinyTokenizer, NoTexts) { EXPECT_TRUE(load(description()).encode({}).empty()); }

TEST_F(TinyTokenizer, DamagedFiles) {
  const auto with = [](const char* key, const nlohmann::json& value) {
    nlohmann::json json = description();
    json[key] = value;
    return json;
  };
  EXPECT_THAT(refused(with("type", "wordpiece")),
              AllOf(HasSubstr("tokenizer.json"), HasSubstr("wordpiece"), HasSubstr("clip_bpe")));
  EXPECT_THAT(refused(with("clean", "canonicalize")), HasSubstr("lower"));
  EXPECT_THAT(refused(with("context_length", 2)), HasSubstr("context_length"));
  EXPECT_THAT(refused(with("context_length", 77.5)), HasSubstr("context_length"));
  EXPECT_THAT(refused(with("start_token", "<START>")), HasSubstr("lower case"));
  EXPECT_THAT(refused(with("merges", "a b")), HasSubstr("merges"));
  for (const char* bad : {"", "ab", " b", "a ", "a b c"})
    EXPECT_THAT(refused(with("merges", {"t h", bad})), HasSubstr("merge 1"));
  scratch_.write("tokenizer.json", "{\"type\": ");
  EXPECT_THAT(file_error([&] { ClipTokenizer::load(scratch_.path("tokenizer.json")); }), HasSubstr("JSON"));
  scratch_.write("tokenizer.json", std::string(100000, '['));
  EXPECT_THAT(file_error([&] { ClipTokenizer::load(scratch_.path("tokenizer.json")); }), HasSubstr("nested"));
}

TEST(TextCleaning, EachStep) {
  const auto clean = [](std::string_view text) { return clip::to_utf8(clip::clean_lower(text)); };
  EXPECT_EQ(clean("\xE2\x80\x9CHi\xE2\x80\x9D \xE2\x80\x98x\xE2\x80\x99"), "\"hi\" 'x'");
  EXPECT_EQ(clean("\xEF\xAC\x83 \xC4\xB2"), "ffi ij");
  EXPECT_EQ(clean("\xEF\xBC\xA1\xEF\xBC\x91\xE3\x80\x80z"), "a1 z");
  EXPECT_EQ(clean("e\xCC\x81"), "\xC3\xA9");
  EXPECT_EQ(clean("a\x1b[1mb\x1b[0m\x07"
                  "c"),
            "abc");
  EXPECT_EQ(clean("\xCE\x9F\xCE\x94\xCE\x9F\xCE\xA3"), "\xCE\xBF\xCE\xB4\xCE\xBF\xCF\x82")
      << "sigma at the end of a word";
  EXPECT_EQ(clean("\xFF\xC3(\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD");
  EXPECT_EQ(clean("a < b &amp; c"), "a < b & c");
}

}  // namespace
}  // namespace splice_cuda::testing

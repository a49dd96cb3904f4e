#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/embedding_source.hpp"
#include "scratch_folder.hpp"
#include "thrown_message.hpp"

namespace splice_cuda::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> lines(const std::string& text) {
  const testing::ScratchFolder folder;
  return read_concept_list(folder.write("concepts.txt", text));
}

TEST(ConceptList, BothLineEndsAndAMissingLastOneReadTheSame) {
  for (const char* text : {"dog\ncat\n", "dog\ncat", "dog\r\ncat\r\n", "dog\r\ncat", "dog\ncat\r\n"}) {
    EXPECT_THAT(lines(text), ElementsAre("dog", "cat")) << text;
  }
}

TEST(ConceptList, AByteOrderMarkIsNoPartOfTheFirstName) {
  EXPECT_THAT(lines("\xEF\xBB\xBF" "dog\ncat\n"), ElementsAre("dog", "cat"));
  EXPECT_THAT(lines("dog\n\xEF\xBB\xBF" "cat\n"), ElementsAre("dog", "\xEF\xBB\xBF" "cat"));  // only in front
}

TEST(ConceptList, EmptyLinesKeepTheirPlace) {
  EXPECT_THAT(lines("\ndog\n\r\n\ncat\n\n"), ElementsAre("", "dog", "", "", "cat", ""));
  EXPECT_THAT(lines("\n"), ElementsAre(""));
  EXPECT_THAT(lines(""), IsEmpty());
}

TEST(ConceptList, LinesAreKeptAsTheyAre) {
  EXPECT_THAT(lines(" hot dog \t\ncaf\xc3\xa9\na\rb\n"), ElementsAre(" hot dog \t", "caf\xc3\xa9", "a\rb"));
}

TEST(ConceptList, InvalidUtf8NamesTheLine) {
  const testing::ScratchFolder folder;
  const auto path = folder.write("concepts.txt", "dog\n\ncaf\xe9\ncat\n");
  EXPECT_THAT(testing::file_error([&] { read_concept_list(path); }),
              AllOf(HasSubstr(path.string()), HasSubstr("line 3"), HasSubstr("expected UTF-8")));
}

TEST(ConceptList, NulBytesNameTheLine) {
  EXPECT_THAT(testing::file_error([] { lines(std::string("dog\nc\0t\n", 8)); }), HasSubstr("line 2"));
}

TEST(ConceptList, AnAbsentFileIsNamed) {
  EXPECT_THAT(testing::file_error([] { read_concept_list("/absent/concepts.txt"); }),
              AllOf(HasSubstr("/absent/concepts.txt"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace splice_cuda::io

#pragma once

/// @file caption_words.hpp
/// Words of a caption, in lower case.

#include <functional>
#include <string>
#include <string_view>

namespace splice_cuda::cli {

/// A word, and whether nothing but white space parts it from the word before, so that the two are a phrase.
using WordVisitor = std::function<void(std::string_view word, bool follows)>;

/// A word is a longest run of letters, marks and digits (Unicode 15: L, M, N) with single apostrophes inside ("don't"; U+2019
/// becomes '). Lower case as Unicode's root locale has it, which is Python's str.lower and the tokenizer's. Words of more than
/// 255 bytes are passed over.
class CaptionWords {
 public:
  /// @param caption  valid UTF-8
  void visit(std::string_view caption, const WordVisitor& take);

 private:
  std::string word_;
};

/// Lower case as above. @param text  valid UTF-8
std::string lower_case(std::string_view text);

}  // namespace splice_cuda::cli

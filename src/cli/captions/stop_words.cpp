#include "cli/captions/stop_words.hpp"

#include <array>
#include <string_view>

#include "cli/captions/caption_words.hpp"
#include "io/embedding_source.hpp"

namespace splice_cuda::cli {
namespace {

constexpr std::array<std::string_view, 10> english = {
    "a an the this that these those some any each every no all both either neither such same other another",
    "i me my mine you your yours he him his she her hers it its we us our ours they them their theirs",
    "myself yourself himself herself itself ourselves themselves who whom whose which what one",
    "of in on at by to from with without within into onto upon over under above below between among through",
    "during before after since until till against about around across along behind beside besides near off out up down for",
    "and or but nor so yet if then else than as because while although though unless whether not",
    "is am are was were be been being do does did done doing have has had having will would shall should can could may",
    "might must cannot don't doesn't didn't isn't aren't wasn't weren't won't can't couldn't it's i'm you're he's she's",
    "when where why how here there now very too also just only more most much many few less least own again ever never",
    "s t d ll m re ve"};

/// Function words: articles, pronouns, prepositions, conjunctions, auxiliaries, question words.
std::unordered_set<std::string> english_stop_words() {
  std::unordered_set<std::string> words;
  CaptionWords split;
  for (const std::string_view line : english) {
    split.visit(line, [&](std::string_view word, bool) { words.emplace(word); });
  }
  return words;
}

}  // namespace

std::unordered_set<std::string> read_stop_words(const std::string& choice) {
  if (choice == "english") return english_stop_words();
  std::unordered_set<std::string> words;
  if (choice == "none") return words;
  for (const std::string& line : io::read_concept_list(choice, "word")) words.insert(lower_case(line));
  return words;
}

}  // namespace splice_cuda::cli

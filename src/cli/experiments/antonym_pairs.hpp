#pragma once

/// @file antonym_pairs.hpp
/// Common opposites, for where no list is given.

#include <array>
#include <string_view>

namespace splice_cuda::cli {

struct WordPair {
  std::string_view first, second;
};

/// Adjectives, nouns, verbs and adverbs that everyone calls opposites.
inline constexpr std::array<WordPair, 48> antonym_pairs = {{
    {"hot", "cold"},       {"big", "small"},      {"old", "new"},        {"young", "old"},       {"good", "bad"},      {"happy", "sad"},
    {"light", "dark"},     {"black", "white"},    {"day", "night"},      {"open", "closed"},     {"wet", "dry"},       {"full", "empty"},
    {"fast", "slow"},      {"high", "low"},       {"long", "short"},     {"rich", "poor"},       {"clean", "dirty"},   {"hard", "soft"},
    {"strong", "weak"},    {"loud", "quiet"},     {"early", "late"},     {"thick", "thin"},      {"wide", "narrow"},   {"deep", "shallow"},
    {"heavy", "light"},    {"rough", "smooth"},   {"sharp", "dull"},     {"sweet", "sour"},      {"tall", "short"},    {"true", "false"},
    {"alive", "dead"},     {"summer", "winter"},  {"north", "south"},    {"east", "west"},       {"left", "right"},    {"up", "down"},
    {"inside", "outside"}, {"front", "back"},     {"top", "bottom"},     {"man", "woman"},       {"boy", "girl"},      {"war", "peace"},
    {"love", "hate"},      {"win", "lose"},       {"buy", "sell"},       {"start", "end"},       {"push", "pull"},     {"friend", "enemy"},
}};

}  // namespace splice_cuda::cli

// The rules by which lines of a frequency list become concepts, against a slow oracle in fp64 and one rule at a time.

#include "splice_cuda/vocabulary_rules.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/thrown_message.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::testing {
namespace {

using Names = std::vector<std::string>;
using Vector = std::vector<double>;

/// Embeddings by text, and how often each was asked for.
struct Table {
  std::int64_t dim = 0;
  std::map<std::string, std::vector<float>> rows;
  std::map<std::string, int> asked;

  TextEmbedder embedder() {
    return [this](std::span<const std::string> texts, MatrixView<float> out) {
      ASSERT_EQ(out.rows, static_cast<std::int64_t>(texts.size()));
      for (std::size_t i = 0; i < texts.size(); ++i) {
        ++asked[texts[i]];
        ASSERT_TRUE(rows.contains(texts[i])) << texts[i];
        std::copy(rows[texts[i]].begin(), rows[texts[i]].end(), out.row(static_cast<std::int64_t>(i)));
      }
    };
  }
};

Vector unit(const std::vector<float>& row) {
  double square = 0;
  for (const float value : row) square += static_cast<double>(value) * static_cast<double>(value);
  if (!(square > 0) || !std::isfinite(square)) return {};
  Vector result;
  for (const float value : row) result.push_back(static_cast<double>(value) / std::sqrt(square));
  return result;
}

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

Names split(const std::string& phrase) {
  std::istringstream stream(phrase);
  Names words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// One line after the other, every concept compared with every earlier one.
class Oracle {
 public:
  Oracle(const Table& table, const VocabularyRules& rules) : table_(table), rules_(rules) {}

  void walk(const Names& lines, std::int64_t size, bool bigrams) {
    std::int64_t taken = 0;
    for (auto line = static_cast<std::int64_t>(lines.size()) - 1; line >= 0 && (size == 0 || taken < size); --line) {
      const std::string& name = lines[static_cast<std::size_t>(line)];
      const auto rule = judge(name, bigrams);
      if (!rule) {
        ++taken;
        kept.push_back(name);
      } else {
        dropped.push_back({line, bigrams, *rule, 0, rival_});
      }
    }
  }

  Names kept;
  std::vector<DroppedLine> dropped;
  double closest = 1;  ///< smallest distance of a cosine from its limit: where it is tiny, either answer is right

 private:
  std::optional<DroppedBy> judge(const std::string& name, bool bigram) {
    rival_.clear();
    const Names words = split(name);
    if (words.empty()) return DroppedBy::empty_name;
    for (const std::string& bad : rules_.unwanted) {
      if (bad == name || std::count(words.begin(), words.end(), bad) > 0) return DroppedBy::unwanted;
    }
    if (!names_.insert(name).second) return DroppedBy::duplicate_name;
    const Vector own = unit(table_.rows.at(name));
    if (bigram && words.size() > 1 && rules_.bigram_cosine < 1 && !own.empty()) {
      Vector mean(own.size(), 0.0);
      for (const std::string& word : words) {
        const Vector part = unit(table_.rows.at(word));
        for (std::size_t k = 0; k < part.size(); ++k) mean[k] += part[k];
      }
      const double cosine = dot(own, mean) / std::sqrt(dot(mean, mean));
      closest = std::min(closest, std::abs(cosine - rules_.bigram_cosine));
      if (cosine > rules_.bigram_cosine) return DroppedBy::near_its_words;
    }
    if (own.empty()) return DroppedBy::no_direction;
    for (const std::string& other : kept) {
      if (rules_.max_cosine >= 1) break;
      const double cosine = dot(own, unit(table_.rows.at(other)));
      closest = std::min(closest, std::abs(cosine - rules_.max_cosine));
      if (cosine <= rules_.max_cosine) continue;
      rival_ = other;
      return DroppedBy::near_duplicate;
    }
    return std::nullopt;
  }

  const Table& table_;
  const VocabularyRules& rules_;
  std::set<std::string> names_;
  std::string rival_;
};

struct Lists {
  Names words;
  Names bigrams;
};

/// Words around few directions, so that many are near each other; phrases near to, or far from, their words.
Lists random_lists(Table& table, std::uint32_t seed, std::size_t words, std::size_t bigrams) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  table.dim = 6;
  Lists lists;
  std::vector<std::vector<float>> centres(words / 4 + 1, std::vector<float>(6));
  for (auto& centre : centres) {
    for (float& value : centre) value = normal(random);
  }
  for (std::size_t i = 0; i < words; ++i) {
    lists.words.push_back("w" + std::to_string(random() % (words + words / 2)));  // some twice
    std::vector<float>& row = table.rows[lists.words.back()];
    row = centres[random() % centres.size()];
    for (float& value : row) value = 3.0f * (value + 0.3f * normal(random));
    if (random() % 40 == 0) row.assign(6, 0.0f);
    if (random() % 40 == 0) row[2] = std::numeric_limits<float>::quiet_NaN();
  }
  for (std::size_t i = 0; i < bigrams; ++i) {
    const std::string& first = lists.words[random() % words];
    const std::string& second = lists.words[random() % words];
    lists.bigrams.push_back(random() % 50 == 0 ? first : first + " " + second);
    std::vector<float>& row = table.rows[lists.bigrams.back()];
    if (lists.bigrams.back() == first) continue;
    row.assign(6, 0.0f);
    for (std::size_t k = 0; k < 6; ++k) {
      row[k] = table.rows[first][k] + table.rows[second][k] + (random() % 2 == 0 ? 0.4f : 6.0f) * normal(random);
    }
  }
  lists.words[words / 2] = " \t";
  return lists;
}

class Rules : public ::testing::TestWithParam<int> {};

TEST_P(Rules, EqualTheOracle) {
  const auto seed = static_cast<std::uint32_t>(GetParam());
  Table table;
  const Lists lists = random_lists(table, seed, 700 + 90 * seed, 300 + 50 * seed);
  VocabularyRules rules;
  rules.size = seed % 3 == 0 ? 0 : 120;
  rules.bigram_size = seed % 2 == 0 ? 40 : 0;
  rules.max_cosine = seed % 4 == 3 ? 1 : 0.97;
  rules.bigram_cosine = seed % 5 == 4 ? 1 : 0.95;
  rules.unwanted = {"w3", "w17", lists.bigrams.front()};
  Oracle oracle(table, rules);
  oracle.walk(lists.words, rules.size, false);
  const auto oracle_words = oracle.kept.size();
  oracle.walk(lists.bigrams, rules.bigram_size, true);
  ASSERT_GT(oracle.closest, 1e-6) << "a cosine too close to its limit to say what is right";

  for (const int threads : {1, 3}) {
    const SelectedVocabulary selected = select_vocabulary(Context(Device::cpu(), {.threads = threads}), lists.words, lists.bigrams,
                                                          table.embedder(), table.dim, rules);
    Names expected(oracle.kept.rbegin(), oracle.kept.rend());
    EXPECT_EQ(selected.names, expected);
    EXPECT_EQ(selected.bigrams, static_cast<std::int64_t>(oracle.kept.size() - oracle_words));
    const std::vector<DroppedLine>& dropped = selected.dropped;
    ASSERT_EQ(dropped.size(), oracle.dropped.size());
    for (std::size_t i = 0; i < dropped.size(); ++i) {
      EXPECT_EQ(dropped[i].line, oracle.dropped[i].line);
      EXPECT_EQ(dropped[i].bigram, oracle.dropped[i].bigram);
      EXPECT_STREQ(to_string(dropped[i].rule), to_string(oracle.dropped[i].rule)) << "line " << dropped[i].line;
      EXPECT_EQ(dropped[i].rival, oracle.dropped[i].rival);
    }
    for (std::size_t i = 0; i < selected.names.size(); ++i) {
      const std::vector<float>& row = table.rows[selected.names[i]];
      EXPECT_TRUE(std::equal(row.begin(), row.end(), selected.embeddings.begin() + static_cast<std::ptrdiff_t>(i) * table.dim));
    }
    EXPECT_EQ(selected.words_seen + selected.bigrams_seen,
              static_cast<std::int64_t>(selected.names.size() + selected.dropped.size()));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Rules, ::testing::Range(0, 12));

/// Words at given angles of a plane.
Table plane(const std::map<std::string, double>& degrees) {
  Table table;
  table.dim = 2;
  for (const auto& [name, angle] : degrees) {
    const double radians = angle * 3.14159265358979 / 180;
    table.rows[name] = {static_cast<float>(5 * std::cos(radians)), static_cast<float>(5 * std::sin(radians))};
  }
  return table;
}

SelectedVocabulary select(Table& table, const Names& words, const Names& bigrams, const VocabularyRules& rules = {}) {
  return select_vocabulary(Context(), words, bigrams, table.embedder(), table.dim, rules);
}

TEST(VocabularyRules, OfTwoNearDuplicatesTheMoreFrequentStays) {
  Table table = plane({{"car", 0}, {"automobile", 20}, {"dog", 90}});
  const SelectedVocabulary selected = select(table, {"automobile", "dog", "car"}, {});
  EXPECT_THAT(selected.names, ::testing::ElementsAre("dog", "car"));
  ASSERT_EQ(selected.dropped.size(), 1u);
  EXPECT_EQ(selected.dropped[0].line, 0);
  EXPECT_EQ(selected.dropped[0].rival, "car");
  EXPECT_NEAR(selected.dropped[0].cosine, std::cos(20 * 3.14159265358979 / 180), 1e-6);
}

TEST(VocabularyRules, AFullListIsNotReadFurther) {
  Table table = plane({{"b", 40}, {"c", 90}, {"d", 135}});  // "a" has no embedding: it must not be asked for
  const SelectedVocabulary selected = select(table, {"a", "b", "c", "d"}, {}, {.size = 3});
  EXPECT_THAT(selected.names, ::testing::ElementsAre("b", "c", "d"));
  EXPECT_EQ(selected.words_seen, 3);
  for (const auto& [text, times] : table.asked) EXPECT_EQ(times, 1) << text;
}

TEST(VocabularyRules, APhraseThatSaysNoMoreThanItsWordsIsDropped) {
  Table table = plane({{"red", 0}, {"car", 60}, {"hot", -40}, {"dog", 100}, {"red car", 35}, {"hot dog", 165}});
  const SelectedVocabulary selected = select(table, {"dog", "hot", "car", "red"}, {"red car", "hot dog"});
  EXPECT_THAT(selected.names, ::testing::ElementsAre("hot dog", "dog", "hot", "car", "red"));
  ASSERT_EQ(selected.dropped.size(), 1u);
  EXPECT_STREQ(to_string(selected.dropped[0].rule), "near_its_words");
  EXPECT_TRUE(selected.dropped[0].bigram);
}

TEST(VocabularyRules, WordsOfAPhraseNeedNotBeConcepts) {
  Table table = plane({{"red", 0}, {"car", 60}, {"red car", 30}, {"dog", 120}});
  const SelectedVocabulary selected = select(table, {"dog"}, {"red car"});
  EXPECT_THAT(selected.names, ::testing::ElementsAre("dog"));
}

TEST(VocabularyRules, PhrasesWithAnUnwantedWordAreDropped) {
  Table table = plane({{"red", 0}, {"car", 60}, {"fast car", 120}});
  const SelectedVocabulary selected = select(table, {"bad", "car", "red"}, {"bad car", "fast car"}, {.bigram_cosine = 1, .unwanted = {"bad"}});
  EXPECT_THAT(selected.names, ::testing::ElementsAre("fast car", "car", "red"));
  EXPECT_FALSE(table.asked.contains("bad")) << "what is unwanted needs no embedding";
}

TEST(VocabularyRules, WrongArgumentsAreNamed) {
  Table table = plane({{"a", 0}});
  const auto message = [&](const VocabularyRules& rules) { return thrown_message<ArgumentError>([&] { select(table, {"a"}, {}, rules); }); };
  EXPECT_THAT(message({.size = -1}), ::testing::AllOf(::testing::HasSubstr("size"), ::testing::HasSubstr("-1")));
  EXPECT_THAT(message({.bigram_size = -2}), ::testing::HasSubstr("bigram_size"));
  EXPECT_THAT(message({.max_cosine = 0}), ::testing::HasSubstr("max_cosine"));
  EXPECT_THAT(message({.bigram_cosine = 1.5}), ::testing::HasSubstr("bigram_cosine"));
  EXPECT_THAT(message({.max_cosine = std::nan("")}), ::testing::HasSubstr("max_cosine"));
  EXPECT_THAT(thrown_message<ArgumentError>([&] { select(table, {"\xff"}, {}); }), ::testing::HasSubstr("UTF-8"));
}

TEST(VocabularyRules, ACallerCanStop) {
  Table table = plane({{"a", 0}});
  ContextOptions options;
  options.cancel = [] { return true; };
  EXPECT_THROW(select_vocabulary(Context(Device::cpu(), options), {"a"}, {}, table.embedder(), 2), CancelledError);
}

}  // namespace
}  // namespace splice_cuda::testing

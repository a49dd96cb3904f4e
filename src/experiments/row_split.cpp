#include "splice_cuda/row_split.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "experiments/random_numbers.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda {

std::vector<RowUse> stratified_split(const RowGroups& classes, double share, std::uint64_t seed) {
  if (!(share > 0 && share < 1)) throw ArgumentError("share: got " + std::to_string(share) + "; expected a number between 0 and 1");
  std::vector<std::vector<std::size_t>> rows(static_cast<std::size_t>(classes.size()));
  for (std::size_t row = 0; row < classes.of_row.size(); ++row) {
    if (classes.of_row[row] >= 0) rows[static_cast<std::size_t>(classes.of_row[row])].push_back(row);
  }
  std::vector<RowUse> uses(classes.of_row.size(), RowUse::none);
  SplitMix64 random(seed);
  for (std::vector<std::size_t>& members : rows) {
    const auto tested = static_cast<std::size_t>(std::floor(share * static_cast<double>(members.size()) + 0.5));
    for (std::size_t i = 0; i < members.size(); ++i) {  // the front of a Fisher-Yates shuffle is the test
      std::swap(members[i], members[i + static_cast<std::size_t>(random.below(members.size() - i))]);
      uses[members[i]] = i < tested ? RowUse::test : RowUse::train;
    }
  }
  return uses;
}

std::vector<RowUse> named_split(const RowGroups& splits, std::string_view train, std::string_view test) {
  const std::int32_t to_train = splits.at(train);
  const std::int32_t to_test = splits.at(test);
  if (to_train == to_test) throw ArgumentError("test: got '" + std::string(test) + "' for train and test; expected different groups");
  std::vector<RowUse> uses;
  uses.reserve(splits.of_row.size());
  for (const std::int32_t split : splits.of_row) uses.push_back(split == to_train ? RowUse::train : split == to_test ? RowUse::test : RowUse::none);
  return uses;
}

}  // namespace splice_cuda

// Malformed CSR, wherever codes are taken: warm_start, certify, recompose.

#include <limits>

#include "bad_call.hpp"

namespace splice_cuda::testing {
namespace {

struct Corruption {
  std::string name;
  void (*spoil)(SparseCodes&);
  std::string member;  ///< behind the argument's name
  std::string given, expected;
};

std::vector<Corruption> corruptions() {
  return {
      {"Rows", [](SparseCodes& c) { c.rows = 2; }, "", "[2, 4]", "[3, 4]"},
      {"Columns", [](SparseCodes& c) { c.cols = 5; }, "", "[3, 5]", "[3, 4]"},
      {"OffsetsMissing", [](SparseCodes& c) { c.row_offsets.clear(); }, ".row_offsets", "0 entries", "rows + 1 = 4"},
      {"OffsetsTooMany", [](SparseCodes& c) { c.row_offsets.push_back(3); }, ".row_offsets", "5 entries", "rows + 1 = 4"},
      {"OffsetsNotFromZero", [](SparseCodes& c) { c.row_offsets[0] = 1; }, ".row_offsets", "first 1", "first 0"},
      {"OffsetsNotToTheEnd", [](SparseCodes& c) { c.row_offsets[3] = 2; }, ".row_offsets", "last 2", "last nnz = 3"},
      {"OffsetsFall", [](SparseCodes& c) { c.row_offsets[2] = 1; }, ".row_offsets", "a fall at row 1", "ascending"},
      {"OffsetsBeyondTheEnd", [](SparseCodes& c) { c.row_offsets[1] = std::int64_t{1} << 40; }, ".row_offsets",
       "row 0", "ascending"},
      {"OffsetsNegative", [](SparseCodes& c) { c.row_offsets[1] = -4; }, ".row_offsets", "a fall at row 0", "ascending"},
      {"IndicesMissing", [](SparseCodes& c) { c.atom_indices.pop_back(); }, ".atom_indices", "2 entries",
       "as many as values, 3"},
      {"IndexNegative", [](SparseCodes& c) { c.atom_indices[0] = -1; }, ".atom_indices", "-1 after -1 in row 0",
       "ascending indices below 4"},
      {"IndexBeyondTheEnd", [](SparseCodes& c) { c.atom_indices[2] = 4; }, ".atom_indices", "4 after -1 in row 2",
       "below 4"},
      {"IndexTwice", [](SparseCodes& c) { c.atom_indices[1] = 0; }, ".atom_indices", "0 after 0 in row 0", "ascending"},
      {"IndicesDescend", [](SparseCodes& c) { std::swap(c.atom_indices[0], c.atom_indices[1]); }, ".atom_indices",
       "0 after 3 in row 0", "ascending"},
      {"ValueNan", [](SparseCodes& c) { c.values[2] = std::numeric_limits<float>::quiet_NaN(); }, ".values",
       "nan in row 2", "finite"},
      {"ValueInfinite", [](SparseCodes& c) { c.values[1] = -std::numeric_limits<float>::infinity(); }, ".values",
       "-inf in row 0", "finite"},
  };
}

std::vector<BadCall> bad_codes() {
  std::vector<BadCall> table;
  for (const Corruption& corruption : corruptions()) {
    const auto add = [&](const std::string& verb, const std::string& argument, auto call) {
      table.push_back({verb + corruption.name,
                       [call, spoil = corruption.spoil](SmallCall& c) {
                         spoil(c.codes);
                         call(c);
                       },
                       argument + corruption.member, corruption.given, corruption.expected});
    };
    add("WarmStart", "warm_start", [](SmallCall& c) {
      c.options.warm_start = &c.codes;
      decompose(c.context, c.dictionary, c.embeddings, c.options);
    });
    add("Certify", "codes", [](SmallCall& c) { certify(c.context, c.dictionary, c.embeddings, c.codes); });
    add("Recompose", "codes",
        [](SmallCall& c) { recompose(c.context, c.dictionary, c.codes, {c.rows.data(), 3, 2}); });
  }
  return table;
}

class BadCodes : public ::testing::TestWithParam<BadCall> {};

TEST_P(BadCodes, AreNamed) { expect_argument_error(GetParam()); }

INSTANTIATE_TEST_SUITE_P(, BadCodes, ::testing::ValuesIn(bad_codes()), bad_call_name);

/// Codes that are no solution of the problem are not malformed: their gap says what they are worth.
TEST(InfeasibleCodes, HaveAnInfiniteGap) {
  SmallCall c;
  c.codes.values[0] = -1;
  c.indices = {1};
  c.options.banned_atoms = c.indices;
  const std::vector<RowReport> reports = certify(c.context, c.dictionary, c.embeddings, c.codes, c.options);
  EXPECT_EQ(reports[0].gap, inf) << "a negative weight";
  EXPECT_EQ(reports[2].gap, inf) << "a weight on a banned atom";
  EXPECT_LT(reports[1].gap, inf);
  for (const std::size_t i : {0, 2}) EXPECT_EQ(reports[i].status, RowStatus::budget_exhausted);
  c.options.nonnegative = false;
  EXPECT_LT(certify(c.context, c.dictionary, c.embeddings, c.codes, c.options)[0].gap, inf);
}

}  // namespace
}  // namespace splice_cuda::testing

// Matrices and devices that do not fit, for each call that takes them.

#include <cmath>
#include <limits>

#include "bad_call.hpp"

namespace splice_cuda::testing {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

/// What is wrong with a matrix whatever it is for: the view, and what a message says of it.
struct BadView {
  std::string name;
  std::int64_t rows, cols, ld;
  bool null;
  std::string given, expected;
};

std::vector<BadView> bad_views() {
  return {
      {"NoColumns", 2, 0, 0, false, "[2, 0]", "1 column"},
      {"NegativeColumns", 2, -3, 5, false, "[2, -3]", "1 column"},
      {"NegativeRows", -1, 2, 2, false, "[-1, 2]", "at least 0 rows"},
      {"LeadingDimensionTooSmall", 3, 2, 1, false, "leading dimension 1", "at least the number of columns, 2"},
      {"NullPointer", 3, 2, 2, true, "null pointer for shape [3, 2]", "a pointer"},
      {"MoreThanMemoryAddresses", most / 4, 2, 2, false, "leading dimension 2", "fits the address space"},
  };
}

BadCall dictionary(std::string name, MatrixView<const float> (*view)(SmallCall&), std::string given,
                   std::string expected) {
  const auto call = [view](SmallCall& c) { Dictionary(c.context, view(c)); };
  return {"Dictionary" + std::move(name), call, "atoms", std::move(given), std::move(expected)};
}

void append_bad_views(std::vector<BadCall>& table) {
  for (const BadView& view : bad_views()) {
    const auto spoiled = [view](std::vector<float>& memory) {
      return MatrixView<float>{view.null ? nullptr : memory.data(), view.rows, view.cols, view.ld};
    };
    table.push_back({"Dictionary" + view.name, [=](SmallCall& c) { Dictionary(c.context, spoiled(c.atoms)); },
                     "atoms", view.given, view.expected});
    table.push_back({"Decompose" + view.name,
                     [=](SmallCall& c) { decompose(c.context, c.dictionary, MatrixView<const float>(spoiled(c.rows))); },
                     "embeddings", view.given, view.expected});
    table.push_back({"Certify" + view.name,
                     [=](SmallCall& c) {
                       certify(c.context, c.dictionary, MatrixView<const float>(spoiled(c.rows)), c.codes);
                     },
                     "embeddings", view.given, view.expected});
    table.push_back({"Recompose" + view.name,
                     [=](SmallCall& c) { recompose(c.context, c.dictionary, c.codes, spoiled(c.rows)); },
                     "reconstruction", view.given, view.expected});
  }
}

std::vector<BadCall> bad_shapes() {
  std::vector<BadCall> table = {
      {"ContextNegativeThreads", [](SmallCall&) { Context(Device::cpu(), {.threads = -1}); }, "threads", "-1", "0 (all"},
      dictionary("NoRows", [](SmallCall& c) { return MatrixView<const float>{c.atoms.data(), 0, 2}; }, "0 rows",
                 "1 to 2147483583 rows"),
      dictionary("TooManyRows", [](SmallCall& c) { return MatrixView<const float>{c.atoms.data(), 1LL << 31, 2}; },
                 "2147483648 rows", "1 to 2147483583 rows"),
      dictionary("TooManyColumns", [](SmallCall& c) { return MatrixView<const float>{c.atoms.data(), 1, 65537}; },
                 "65537 columns", "at most 65536"),
      dictionary("OnADevice",
                 [](SmallCall& c) { return MatrixView<const float>{c.atoms.data(), 4, 2, 2, Device::cuda(1)}; },
                 "data on cuda:1", "data in host memory"),
      dictionary("WithANan",
                 [](SmallCall& c) {
                   c.atoms[5] = nan;
                   return MatrixView<const float>{c.atoms.data(), 4, 2};
                 },
                 "row 2", "finite atoms"),
      dictionary("WithAnInfinity",
                 [](SmallCall& c) {
                   c.atoms[7] = -inf;
                   return MatrixView<const float>{c.atoms.data(), 4, 2};
                 },
                 "row 3", "finite atoms"),
      {"DictionaryViewWithANan",
       [](SmallCall& c) {
         c.atoms[3] = nan;
         Dictionary::view(c.context, MatrixView<const float>{c.atoms.data(), 4, 2});
       },
       "atoms", "row 1", "finite atoms"},
      {"DictionaryOfHalvesWithAnInfinity",
       [](SmallCall& c) {
         const std::vector<Float16> half = {{0}, {0}, {0}, {0xfc00}};
         Dictionary(c.context, MatrixView<const Float16>{half.data(), 2, 2});
       },
       "atoms", "row 1", "finite atoms"},
      {"DictionaryNamesTheFirstOfManyBadRows",
       [](SmallCall&) {
         std::vector<BFloat16> atoms(5000 * 64);
         for (std::size_t j = 4999; j > 900; j -= 7) atoms[j * 64] = {0x7fc0};
         Dictionary(Context(Device::cpu(), {.threads = 4}), MatrixView<const BFloat16>{atoms.data(), 5000, 64});
       },
       "atoms", "row 904", "finite atoms"},
      {"DictionaryViewWithoutRows",
       [](SmallCall& c) { Dictionary::view(c.context, MatrixView<const float>{c.atoms.data(), 0, 2}); }, "atoms", "0 rows",
       "1 to 2147483583 rows"},
      {"DecomposeOtherDimension",
       [](SmallCall& c) { decompose(c.context, c.dictionary, MatrixView<const float>{c.rows.data(), 2, 3}); }, "embeddings",
       "3 columns", "the dictionary's dimension, 2"},
      {"CertifyOtherDimension",
       [](SmallCall& c) { certify(c.context, c.dictionary, MatrixView<const float>{c.rows.data(), 2, 3}, c.codes); },
       "embeddings", "3 columns", "the dictionary's dimension, 2"},
      {"RecomposeOtherDimension",
       [](SmallCall& c) { recompose(c.context, c.dictionary, c.codes, {c.rows.data(), 2, 3}); }, "reconstruction",
       "3 columns", "the dictionary's dimension, 2"},
      {"DecomposeAnUnknownType",
       [](SmallCall& c) {
         EmbeddingsView view = c.embeddings;
         view.dtype = static_cast<DType>(9);
         decompose(c.context, c.dictionary, view);
       },
       "embeddings", "DType 9", "float32, float16 or bfloat16"},
      {"ToHostOfNothing", [](SmallCall& c) { to_host(c.context, DeviceDecomposeResult{}); }, "result", "no arrays",
       "what decompose_on_device has given"},
      {"DecomposeOnADevice",
       [](SmallCall& c) {
         c.embeddings.device = Device::cuda(0);
         decompose(c.context, c.dictionary, c.embeddings);
       },
       "embeddings", "data on cuda:0", "data in host memory"},
      {"RecomposeOnADevice",
       [](SmallCall& c) { recompose(c.context, c.dictionary, c.codes, {c.rows.data(), 3, 2, 2, Device::cuda(0)}); },
       "reconstruction", "data on cuda:0", "data in host memory"},
      {"RecomposeOtherRows",
       [](SmallCall& c) { recompose(c.context, c.dictionary, c.codes, {c.rows.data(), 2, 2}); }, "codes", "[3, 4]",
       "[2, 4]"},
      {"CertifyOtherRows",
       [](SmallCall& c) { certify(c.context, c.dictionary, c.embeddings.slice(0, 2), c.codes); }, "codes", "[3, 4]",
       "[2, 4]"},
  };
  append_bad_views(table);
  return table;
}

class BadShapes : public ::testing::TestWithParam<BadCall> {};

TEST_P(BadShapes, AreNamed) { expect_argument_error(GetParam()); }

INSTANTIATE_TEST_SUITE_P(, BadShapes, ::testing::ValuesIn(bad_shapes()), bad_call_name);

/// No rows need no memory: a null pointer is as good as any.
TEST(GoodShapes, NoRowsAtNowhere) {
  SmallCall c;
  const MatrixView<const float> nothing{nullptr, 0, 2};
  const SparseCodes none{.rows = 0, .cols = 4, .row_offsets = {0}, .atom_indices = {}, .values = {}};
  EXPECT_EQ(decompose(c.context, c.dictionary, nothing).codes.row_offsets, std::vector<std::int64_t>{0});
  EXPECT_TRUE(certify(c.context, c.dictionary, nothing, none).empty());
  recompose(c.context, c.dictionary, none, {nullptr, 0, 2});
}

TEST(GoodShapes, TheWidestDictionary) {
  const Context context;
  std::vector<float> atom(65536, 1.0f / 256);  // of unit length
  const Dictionary dictionary(context, MatrixView<const float>{atom.data(), 1, 65536});
  const DecomposeResult result = decompose(context, dictionary, MatrixView<const float>{atom.data(), 1, 65536});
  ASSERT_EQ(result.codes.nnz(), 1);
  EXPECT_NEAR(result.codes.values[0], 1 - 0.125, 1e-6);  // c.z - l1_penalty / 2
  EXPECT_EQ(result.reports[0].status, RowStatus::certified);
}

}  // namespace
}  // namespace splice_cuda::testing

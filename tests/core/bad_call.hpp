#pragma once

/// @file bad_call.hpp
/// Calls with one thing wrong, as table entries: what is done, and what the message has to name.

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/thrown_message.hpp"
#include "splice_cuda/splice_cuda.hpp"
#include "support/special_numbers.hpp"

namespace splice_cuda::testing {

/// A sound call: 3 rows, 4 atoms, 2 numbers each. Entries of a table spoil it.
struct SmallCall {
  Context context;
  std::vector<float> atoms = {1, 0, 0, 1, -1, 0, 0, -1};
  std::vector<float> rows = {1, 0.5f, 0.25f, -1, -0.5f, -0.75f};
  Dictionary dictionary{context, MatrixView<const float>{atoms.data(), 4, 2}};
  MatrixView<const float> embeddings{rows.data(), 3, 2};
  DecomposeOptions options;
  std::vector<float> numbers;         ///< memory for what options refer to
  std::vector<std::int32_t> indices;  ///< likewise
  SparseCodes codes{.rows = 3, .cols = 4, .row_offsets = {0, 2, 2, 3}, .atom_indices = {0, 3, 1}, .values = {1, 2, 3}};
};

struct BadCall {
  std::string name;  ///< of the test
  std::function<void(SmallCall&)> call;
  std::string argument;
  std::string given;
  std::string expected;
};

inline void PrintTo(const BadCall& bad, std::ostream* out) { *out << bad.name; }

/// "argument: got given, expected expected", given and expected in part.
inline void expect_argument_error(const BadCall& bad) {
  const std::string message = argument_error([&] {
    SmallCall call;
    bad.call(call);
  });
  EXPECT_THAT(message, ::testing::StartsWith(bad.argument + ": got "));
  const std::size_t split = message.find(", expected ");
  ASSERT_NE(split, std::string::npos) << message;
  EXPECT_THAT(message.substr(0, split), ::testing::HasSubstr(bad.given));
  EXPECT_THAT(message.substr(split), ::testing::HasSubstr(bad.expected));
}

inline std::string bad_call_name(const ::testing::TestParamInfo<BadCall>& info) { return info.param.name; }

}  // namespace splice_cuda::testing

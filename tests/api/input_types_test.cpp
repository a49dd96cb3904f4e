// Half-precision and strided input: bitwise what float32 input of the same numbers gives.

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "api/solver_names.hpp"
#include "core/half.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

template <class T>
T rounded(float value) {
  if constexpr (std::is_same_v<T, Float16>) return to_float16(value);
  if constexpr (std::is_same_v<T, BFloat16>) return to_bfloat16(value);
}

class InputTypes : public EachSolver {
 protected:
  /// Rows of T with `gap` elements between them that no one may read, and the same numbers in float32.
  template <class T>
  void check(std::int64_t gap) {
    const std::int64_t ld = sample.dim + gap;
    std::vector<T> half(static_cast<std::size_t>(sample.rows * ld), T{0x7fff});  // NaN in both formats
    SampleProblem wide = sample;
    for (std::int64_t i = 0; i < sample.rows; ++i) {
      for (std::int64_t k = 0; k < sample.dim; ++k) {
        const T value = rounded<T>(sample.view().row(i)[k]);
        half[static_cast<std::size_t>(i * ld + k)] = value;
        wide.embeddings[static_cast<std::size_t>(i * sample.dim + k)] = to_float(value);
      }
    }
    const Dictionary dictionary(context, sample.atom_view());
    const MatrixView<const T> view{half.data(), sample.rows, sample.dim, ld};
    const DecomposeResult narrow = decompose(context, dictionary, view, options());
    EXPECT_GT(narrow.codes.nnz(), 0);
    EXPECT_EQ(difference(narrow, decompose(context, dictionary, wide.view(), options())), "");
    EXPECT_NE(difference(narrow, decompose(context, dictionary, sample.view(), options())), "") << "nothing was rounded";
    const std::vector<RowReport> left = certify(context, dictionary, view, narrow.codes, options());
    const std::vector<RowReport> right = certify(context, dictionary, wide.view(), narrow.codes, options());
    for (std::size_t i = 0; i < left.size(); ++i) {
      EXPECT_EQ(left[i].status, RowStatus::certified);
      EXPECT_EQ(left[i].gap, right[i].gap);
    }
  }

  Context context{test_device().device};
  SampleProblem sample = sample_problem(150, 45, test_rows(21), 101);
};

TEST_P(InputTypes, Float16) { check<Float16>(0); }
TEST_P(InputTypes, Float16Strided) { check<Float16>(3); }
TEST_P(InputTypes, BFloat16) { check<BFloat16>(0); }
TEST_P(InputTypes, BFloat16Strided) { check<BFloat16>(5); }

SPLICE_EACH_SOLVER(InputTypes);

/// A slice of a half-precision batch starts at its own row.
TEST(EmbeddingsSlice, CountsElementsOfItsType) {
  const std::vector<Float16> values = {{0x3c00}, {0x4000}, {0x4200}, {0x4400}, {0x4500}, {0x4600}};
  const EmbeddingsView view = MatrixView<const Float16>{values.data(), 3, 1, 2};
  EXPECT_EQ(static_cast<const Float16*>(view.slice(2, 1).data)->bits, 0x4500);
  EXPECT_EQ(view.slice(1, 2).rows, 2);
}

}  // namespace
}  // namespace splice_cuda::testing

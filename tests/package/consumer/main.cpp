// What a user of the installed library writes: six atoms, one row, a certified answer.

#include <cstdio>

#include <splice_cuda/splice_cuda.hpp>

int main() {
  const float atoms[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  const float rows[1][3] = {{0.8f, 0.1f, 0.6f}};
  const splice_cuda::Context context;
  const splice_cuda::Dictionary dictionary(context, {&atoms[0][0], 3, 3});
  const splice_cuda::DecomposeResult result = splice_cuda::decompose(
      context, dictionary, splice_cuda::MatrixView<const float>{&rows[0][0], 1, 3}, {.l1_penalty = 0.4f});
  std::printf("l0 %lld, gap %g, library %s\n", static_cast<long long>(result.codes.l0(0)), result.reports[0].gap,
              splice_cuda::version().c_str());
  const bool expected = result.codes.l0(0) == 2 && result.codes.atom_indices[1] == 2 &&
                        result.reports[0].status == splice_cuda::RowStatus::certified;
  return expected ? 0 : 1;
}

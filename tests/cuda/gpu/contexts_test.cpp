// What contexts of one process share on a real device, which no emulated one has: the kernels' attributes, and the runtime's last
// error. Skipped without a device (test_device.cpp).

#include <cuda_runtime_api.h>

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "splice_cuda/decompose.hpp"
#include "support/agreement.hpp"
#include "support/sample_problem.hpp"
#include "support/test_device.hpp"

namespace splice_cuda::testing {
namespace {

/// A batch that is solved again and again, to the same bits, on a context of its own.
class Repeated {
 public:
  Repeated(std::int64_t dim, std::int64_t rows) : sample_(sample_problem(500, dim, rows, 91)) {}

  void run(int times) const {
    const Context context(test_device().device);
    const Dictionary dictionary(context, sample_.atom_view());
    const DecomposeOptions options{.l1_penalty = 0.2f};
    const DecomposeResult expected = decompose(context, dictionary, sample_.view(), options);
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(difference(decompose(context, dictionary, sample_.view(), options), expected), "") << "call " << i;
    }
  }

 private:
  SampleProblem sample_;
};

/// One kernel serves every dimension, and how much memory it may have is said once for all of them: blocks of 128 rows here.
TEST(ContextsOfOneDevice, OfDifferentDimensionsWorkAtOnce) {
  const Repeated narrow(256, 9000);
  const Repeated wide(512, 9000);
  std::thread other([&] { narrow.run(40); });
  wide.run(40);
  other.join();
}

/// What the caller's own calls failed with, and did not ask for, is no failure of a kernel's.
TEST(ContextsOfOneDevice, AreNotToldWhatTheCallerFailedWith) {
  const SampleProblem sample = sample_problem(60, 32, 20, 92);
  const Context context(test_device().device);
  const Dictionary dictionary(context, sample.atom_view());
  EXPECT_NE(cudaSetDevice(12345), cudaSuccess);
  const DecomposeResult result = decompose(context, dictionary, sample.view());
  EXPECT_EQ(result.codes.rows, 20);
  static_cast<void>(cudaGetLastError());
}

}  // namespace
}  // namespace splice_cuda::testing

// Atoms in two float16 parts: what they add up to, whatever the atom's size.

#include <cmath>

#include "core/half.hpp"
#include "cuda/kernel_problem.hpp"
#include "kernels/split_atoms.hpp"
#include "support/bell_stream.hpp"

namespace splice_cuda::testing {
namespace {

class SplitAtoms : public WatchedKernels {
 protected:
  static constexpr std::int64_t ld = 128;

  /// Splits one atom. @returns how far the parts are from it, over its largest number
  double error_of(const std::vector<float>& atom) {
    cuda::AtomsView view;
    view.size = 1;
    view.dim = view.ld = ld;
    view.atoms = atom.data();
    std::vector<Float16> halves(at(2 * ld), Float16{0x7e00});
    scale = NAN;
    device.launch<cuda::SplitAtomsKernel>(1, {view, halves.data(), &scale});
    double worst = 0;
    double largest = 0;
    top = 0;
    for (std::size_t k = 0; k < at(ld); ++k) {
      const double high = static_cast<double>(to_float(halves[k]));
      const double parts = high + static_cast<double>(to_float(halves[at(ld) + k]));
      worst = std::max(worst, std::abs(parts * static_cast<double>(scale) - static_cast<double>(atom[k])));
      largest = std::max(largest, std::abs(static_cast<double>(atom[k])));
      top = std::max(top, std::abs(high));
    }
    return largest > 0 ? worst / largest : worst;
  }

  float scale = 0;
  double top = 0;  ///< of the high parts
};

TEST_F(SplitAtoms, PartsAddUpToTheAtomWhateverItsSize) {
  BellStream stream(3);
  std::vector<float> atom(at(ld));
  for (float& value : atom) value = static_cast<float>(stream.next());
  for (const int exponent : {-110, -20, -1, 0, 7, 110}) {
    std::vector<float> scaled;
    for (const float value : atom) scaled.push_back(std::ldexp(value, exponent));
    EXPECT_LE(error_of(scaled), 0x1p-22) << exponent;
    EXPECT_GE(top, 512) << exponent;
    EXPECT_LE(top, 1024) << exponent;
    int of_scale = 0;
    EXPECT_EQ(std::frexp(scale, &of_scale), 0.5f) << exponent;
  }
}

TEST_F(SplitAtoms, NumbersFarBelowTheLargestAreLostWithoutHarm) {
  std::vector<float> atom(at(ld), 1e-12f);
  atom[5] = -1;
  EXPECT_LE(error_of(atom), 1.1e-12);
}

TEST_F(SplitAtoms, PowersOfTwoZeroAndTheLeastNumbers) {
  std::vector<float> atom(at(ld), 0.0f);
  EXPECT_EQ(error_of(atom), 0);
  EXPECT_EQ(scale, 1);
  atom[1] = 4;
  EXPECT_EQ(error_of(atom), 0);
  atom[1] = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(error_of(atom), 0);
  atom[1] = std::numeric_limits<float>::max();
  EXPECT_LE(error_of(atom), 0x1p-22);
}

}  // namespace
}  // namespace splice_cuda::testing

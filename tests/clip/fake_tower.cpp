// A tower library without LibTorch, for tests of what surrounds towers. What a tower does is said by the name
// of its file.
//   image.pt  out[j] = mean of the row's pixels * (j + 1); text.pt  out[j] = number of tokens that are not 0,
//   plus j SPLICE_FAKE_TOWER: "narrow" gives FileError as a tower of another width does, "old" another
//   version, "fails" an Error

#include <cstdlib>
#include <string>
#include <string_view>

#include "clip/tower.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::clip {
namespace {

std::string_view behaviour() {
  const char* chosen = std::getenv("SPLICE_FAKE_TOWER");
  return chosen == nullptr ? "" : chosen;
}

class FakeTower final : public Tower {
 public:
  void run_pixels(const float* pixels, std::int64_t height, std::int64_t width,
                  MatrixView<float> out) override {
    for (std::int64_t i = 0; i < out.rows; ++i) {
      double sum = 0.0;
      for (std::int64_t k = 0; k < 3 * height * width; ++k) sum += pixels[i * 3 * height * width + k];
      fill(out, i, sum / static_cast<double>(3 * height * width), true);
    }
  }
  void run_tokens(const std::int64_t* tokens, std::int64_t context_length, MatrixView<float> out) override {
    for (std::int64_t i = 0; i < out.rows; ++i) {
      int used = 0;
      for (std::int64_t k = 0; k < context_length; ++k) used += tokens[i * context_length + k] != 0 ? 1 : 0;
      fill(out, i, used, false);
    }
  }

 private:
  static void fill(MatrixView<float> out, std::int64_t row, double value, bool times) {
    if (behaviour() == "narrow") throw FileError("fake: gave a tensor of shape [1, 3]");
    if (behaviour() == "fails" && out.rows > 1) throw Error("fake: the network failed");
    for (std::int64_t j = 0; j < out.cols; ++j) {
      out.row(row)[j] =
          static_cast<float>(times ? value * static_cast<double>(j + 1) : value + static_cast<double>(j));
    }
  }
};

}  // namespace

extern "C" Tower* splice_cuda_make_tower(int interface_version, const ByteSource& source,
                                         const std::string& name, const TowerOptions& options);

Tower* splice_cuda_make_tower(int interface_version, const ByteSource& source, const std::string& name,
                              const TowerOptions& /*options*/) {
  if (behaviour() == "old" || interface_version != tower_interface_version) return nullptr;
  if (source.size() == 0) throw FileError(name + ": empty");
  return new FakeTower;
}

}  // namespace splice_cuda::clip

// Real CLIP ViT-B/16 vectors of 500 COCO photographs: words and captions that name what is in the pictures.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/embedding_source.hpp"
#include "io/npy.hpp"
#include "support/sample_problem.hpp"

namespace splice_cuda::testing {
namespace {

class Photographs : public ::testing::Test {
 protected:
  void SetUp() override {
    SPLICE_NEEDS_DATA("coco_b16/images500.npy");
    SPLICE_NEEDS_DATA("means/clip_ViT-B-16.npy");
    images = io::read_npy_float32(*shared_data("coco_b16/images500.npy"));
  }

  ConceptSpace space(const char* vectors, const std::vector<std::string>& names) const {
    const io::FloatArray texts = io::read_npy_float32(*shared_data(vectors));
    ConceptSpace made =
        ConceptSpace::build(MatrixView<const float>{texts.values.data(), texts.shape[0], texts.shape[1]}, names);
    made.set_image_mean(io::read_npy_float32(*shared_data("means/clip_ViT-B-16.npy")).values);
    return made;
  }
  DecomposeResult decompose_all(const ConceptSpace& space, float l1_penalty) const {
    DecomposeResult result = space.decompose(context, view(), {.l1_penalty = l1_penalty});
    for (const RowReport& report : result.reports) EXPECT_EQ(report.status, RowStatus::certified);
    return result;
  }
  MatrixView<const float> view() const { return {images.values.data(), images.shape[0], images.shape[1]}; }

  /// Place of the largest weight among a row's entries; the row must not be empty.
  static std::size_t largest(const SparseCodes& codes, std::int64_t row) {
    const auto values = codes.row_values(row);
    return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
  }

  Context context;
  io::FloatArray images;
};

TEST_F(Photographs, AMotorcycleIsCalledAMotorcycle) {
  const ConceptSpace words =
      space("coco_b16/concepts171.npy", io::read_concept_list(*shared_data("coco_b16/concepts171.txt")));
  ASSERT_EQ(words.size(), 171);
  const DecomposeResult result = decompose_all(words, 0.1f);
  ASSERT_GT(result.codes.l0(0), 0);
  const std::size_t first = largest(result.codes, 0);
  EXPECT_EQ(words.name(result.codes.row_atoms(0)[first]), "motorcycle");
  EXPECT_NEAR(result.codes.row_values(0)[first], 0.308, 0.005);
  const std::vector<float> cosines = words.cosine(context, view(), result.codes);
  EXPECT_NEAR(cosines[0], 0.62, 0.01);
}

/// The measure of sense: an image's own caption, of 500, comes first for about half of the images.
TEST_F(Photographs, TheirOwnCaptionsComeFirst) {
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) names.push_back("caption of " + std::to_string(i));
  const ConceptSpace captions = space("coco_b16/captions500.npy", names);
  const DecomposeResult result = decompose_all(captions, 0.35f);
  int own = 0;
  for (std::int64_t row = 0; row < 500; ++row) {
    if (result.codes.l0(row) == 0) continue;
    const std::int32_t atom = result.codes.row_atoms(row)[largest(result.codes, row)];
    own += captions.name(atom) == names[static_cast<std::size_t>(row)];
  }
  EXPECT_GE(own, 200) << "265 when this was written";
}

}  // namespace
}  // namespace splice_cuda::testing

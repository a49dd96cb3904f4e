// A build without CLIP (SPLICE_CLIP=OFF): pictures can't be listed, and no model can be loaded, so that nothing else of clip.hpp is ever reached.

#include "cli/report/picture_data.hpp"
#include "splice_cuda/clip.hpp"
#include "splice_cuda/side_by_side.hpp"

namespace splice_cuda {
namespace {

constexpr const char* without_clip = "--model: this splice was built without CLIP models (SPLICE_CLIP=OFF); expected a build that has them";

[[noreturn]] void absent() { throw DeviceError(without_clip); }

}  // namespace

struct ClipEncoder::State {};

ClipEncoder::ClipEncoder(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ClipEncoder::ClipEncoder(ClipEncoder&&) noexcept = default;
ClipEncoder::~ClipEncoder() = default;
// As where LibTorch is absent (load_tower.cpp): the demo then does without pictures.
ClipEncoder ClipEncoder::load(const std::filesystem::path&, const ClipOptions&) { throw Error(without_clip); }
const std::string& ClipEncoder::name() const noexcept { absent(); }
std::int64_t ClipEncoder::dim() const noexcept { absent(); }
const std::string& ClipEncoder::fingerprint() const noexcept { absent(); }
bool ClipEncoder::has_text() const noexcept { absent(); }
std::optional<std::filesystem::path> ClipEncoder::dictionary_path() const { absent(); }
std::optional<std::filesystem::path> ClipEncoder::vocabulary_path() const { absent(); }
std::vector<float> ClipEncoder::image_mean() const { absent(); }
const ClipTokenizer& ClipEncoder::tokenizer() const { absent(); }
std::vector<SkippedImage> ClipEncoder::embed_images(std::span<const std::filesystem::path>, const std::function<void(const EmbeddedImages&)>&) {
  absent();
}
void ClipEncoder::embed_images(std::span<const Image>, MatrixView<float>) { absent(); }
std::vector<SkippedImage> ClipEncoder::embed_images(std::int64_t, const ImageMaker&, const std::function<void(const EmbeddedImages&)>&) {
  absent();
}
std::vector<std::int64_t> ClipEncoder::embed_texts(std::span<const std::string>, MatrixView<float>) { absent(); }
std::int64_t ClipTokenizer::context_length() const noexcept { absent(); }
std::vector<std::filesystem::path> list_images(const std::filesystem::path&, std::vector<std::filesystem::path>*) { absent(); }

Image read_image(const std::filesystem::path&, std::int64_t) { absent(); }
Image side_by_side(const Image&, const Image&, JointLayout, std::int64_t) { absent(); }

namespace cli {

PictureData picture_data(const std::filesystem::path&) { absent(); }
PictureData thumbnail_data(const std::filesystem::path&) { absent(); }

}  // namespace cli
}  // namespace splice_cuda

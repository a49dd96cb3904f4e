// WebP by libwebp, the first frame of an animation by libwebpdemux.

#include <cstring>
#include <memory>

#include <webp/decode.h>
#include <webp/demux.h>

#include "clip/decoders.hpp"

namespace splice_cuda::clip {
namespace {

[[noreturn]] void fail(const EncodedImage& file, const std::string& reason) {
  throw FileError(file.name + ": damaged WebP: " + reason);
}

void decode_first_frame(const EncodedImage& file, Image& image) {
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) fail(file, "libwebpdemux can't start");
  options.color_mode = MODE_RGBA;
  options.use_threads = 0;
  const WebPData data = {file.bytes.data(), file.bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  WebPAnimInfo info;
  if (!decoder || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0) fail(file, "truncated or no animation");
  if (info.canvas_width != static_cast<std::uint32_t>(image.width) ||
      info.canvas_height != static_cast<std::uint32_t>(image.height)) {
    fail(file, "its parts differ in size");
  }
  std::uint8_t* canvas = nullptr;
  int time = 0;
  if (WebPAnimDecoderGetNext(decoder.get(), &canvas, &time) == 0)
    fail(file, "its first frame can't be decoded");
  const std::size_t pixels = image.pixels.size() / 3;
  for (std::size_t i = 0; i < pixels; ++i) std::memcpy(image.pixels.data() + 3 * i, canvas + 4 * i, 3);
}

}  // namespace

Image decode_webp(const EncodedImage& file) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(file.bytes.data(), file.bytes.size(), &features);
  if (status != VP8_STATUS_OK) {
    fail(file, status == VP8_STATUS_NOT_ENOUGH_DATA ? "truncated"
                                                    : "code " + std::to_string(status) + " of libwebp");
  }
  // An animation takes two canvases of four channels beside ours; a lossless picture four bytes a pixel.
  Image image = allocate_image(file, features.height, features.width, features.has_animation != 0 ? 11 : 7);
  if (features.has_animation != 0) {
    decode_first_frame(file, image);
  } else if (WebPDecodeRGBInto(file.bytes.data(), file.bytes.size(), image.pixels.data(), image.pixels.size(),
                               image.width * 3) == nullptr) {
    fail(file, "truncated or not decodable");
  }
  return image;
}

}  // namespace splice_cuda::clip

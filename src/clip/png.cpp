// PNG by libpng. Its errors leave by longjmp: see jpeg.cpp for what that asks of the code.

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <vector>

#include <png.h>

#include "clip/decoders.hpp"

namespace splice_cuda::clip {
namespace {

struct PngState {
  std::span<const std::uint8_t> left;
  std::array<char, 160> message = {};
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::snprintf(state->message.data(), state->message.size(), "%s", text);
  png_longjmp(png, 1);
}

void on_warning(png_structp /*png*/, png_const_charp /*text*/) {}

void read_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  if (count > state->left.size()) png_error(png, "truncated");
  std::memcpy(out, state->left.data(), count);
  state->left = state->left.subspan(count);
}

class PngReader {
 public:
  explicit PngReader(std::span<const std::uint8_t> bytes) noexcept {
    state_.left = bytes;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state_, on_error, on_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) std::snprintf(state_.message.data(), state_.message.size(), "libpng can't start");
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// Each returns false where libpng gave up; message() says why.
  bool read_header() noexcept {
    if (info_ == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, &state_, read_bytes);
    // Profiles, texts and the like play no part, and inflating them may take much memory.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_user_limits(png_, 0x7FFFFFFF, 0x7FFFFFFF);
    png_read_info(png_, info_);
    return true;
  }
  /// One byte a sample after this: palette indices, grey or RGB; what becomes of alpha is up to the caller.
  bool start() noexcept {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    if (png_get_bit_depth(png_, info_) == 16) png_set_strip_16(png_);
    if (png_get_color_type(png_, info_) == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png_);
    if (png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE) png_set_packing(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }
  bool read_rows(std::uint8_t* samples, std::size_t stride) noexcept {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    for (int pass = 0; pass < passes_; ++pass) {
      for (std::size_t y = 0; y < height(); ++y) png_read_row(png_, samples + y * stride, nullptr);
    }
    return true;
  }

  std::size_t height() const noexcept { return png_get_image_height(png_, info_); }
  std::size_t width() const noexcept { return png_get_image_width(png_, info_); }
  int color_type() const noexcept { return png_get_color_type(png_, info_); }
  int channels() const noexcept { return png_get_channels(png_, info_); }
  std::size_t row_bytes() const noexcept { return png_get_rowbytes(png_, info_); }
  std::span<const png_color> palette() const noexcept {
    png_colorp colors = nullptr;
    int count = 0;
    if (png_get_PLTE(png_, info_, &colors, &count) == 0) return {};
    return {colors, static_cast<std::size_t>(count)};
  }
  const char* message() const noexcept { return state_.message.data(); }

 private:
  PngState state_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int passes_ = 1;
};

void expand_palette(std::span<const png_color> palette, const std::vector<std::uint8_t>& indices,
                    std::uint8_t* rgb) {
  std::array<png_color, 256> table = {};  // what the palette lacks is black
  std::copy(palette.begin(), palette.end(), table.begin());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const png_color color = table[indices[i]];
    rgb[3 * i] = color.red;
    rgb[3 * i + 1] = color.green;
    rgb[3 * i + 2] = color.blue;
  }
}

}  // namespace

Image decode_png(const EncodedImage& file) {
  PngReader reader(file.bytes);
  const auto fail = [&] { throw FileError(file.name + ": damaged PNG: " + reader.message()); };
  if (!reader.read_header()) fail();
  const int kind = reader.color_type();
  Image image = allocate_image(file, static_cast<std::int64_t>(reader.height()),
                               static_cast<std::int64_t>(reader.width()), 7);
  if (!reader.start()) fail();
  const auto channels = static_cast<std::size_t>(reader.channels());
  const std::size_t pixels = reader.height() * reader.width();
  if (reader.row_bytes() != reader.width() * channels || channels > 4) {
    throw FileError(file.name + ": found a PNG of an unknown layout, expected 1 to 4 channels");
  }
  std::vector<std::uint8_t> samples(channels == 3 ? 0 : pixels * channels);
  if (!reader.read_rows(channels == 3 ? image.pixels.data() : samples.data(), reader.row_bytes())) fail();
  if (kind == PNG_COLOR_TYPE_PALETTE) {
    expand_palette(reader.palette(), samples, image.pixels.data());
  } else if (channels != 3) {
    const std::size_t green = channels == 4 ? 1 : 0;
    for (std::size_t i = 0; i < pixels; ++i) {
      for (std::size_t c = 0; c < 3; ++c) image.pixels[3 * i + c] = samples[channels * i + c * green];
    }
  }
  return image;
}

}  // namespace splice_cuda::clip

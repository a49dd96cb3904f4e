// JPEG by libjpeg(-turbo). Its errors leave by longjmp, which runs no destructors: every stretch of code
// between a setjmp and the calls that may jump is a function of its own that owns nothing.

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>
#include <jerror.h>

#include "clip/decoders.hpp"

namespace splice_cuda::clip {
namespace {

// Pictures of a few bytes with thousands of scans over a large canvas take hours otherwise.
constexpr int most_scans = 500;

struct ErrorState {
  jpeg_error_mgr manager = {};  // first: libjpeg hands back a pointer to it
  std::jmp_buf jump = {};
  std::array<char, JMSG_LENGTH_MAX> message = {};
};

[[noreturn]] void fail_with(j_common_ptr info, const char* text) {
  auto* state = reinterpret_cast<ErrorState*>(info->err);
  std::snprintf(state->message.data(), state->message.size(), "%s", text);
  std::longjmp(state->jump, 1);
}

void on_jpeg_error(j_common_ptr info) {
  std::array<char, JMSG_LENGTH_MAX> text = {};
  info->err->format_message(info, text.data());
  fail_with(info, text.data());
}

// Warnings (damaged data that the decoder steps over) are no errors, as for Pillow.
void on_message(j_common_ptr /*info*/, int /*level*/) {}

void on_progress(j_common_ptr info) {
  if (info->is_decompressor == 0) return;
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > most_scans)
    fail_with(info, "too many scans");
}

void ignore(j_decompress_ptr /*info*/) {}

boolean at_end(j_decompress_ptr info) {
  // All rows are out: what is missing is only the end marker.
  if (info->output_height > 0 && info->output_scanline >= info->output_height) {
    static constexpr std::array<JOCTET, 2> end = {0xFF, JPEG_EOI};
    info->src->next_input_byte = end.data();
    info->src->bytes_in_buffer = end.size();
    return TRUE;
  }
  fail_with(reinterpret_cast<j_common_ptr>(info), "truncated");
}

void skip_bytes(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if (static_cast<std::size_t>(count) > info->src->bytes_in_buffer) {
    fail_with(reinterpret_cast<j_common_ptr>(info), "truncated");
  }
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= static_cast<std::size_t>(count);
}

class JpegReader {
 public:
  explicit JpegReader(std::span<const std::uint8_t> bytes) noexcept {
    info_.err = jpeg_std_error(&error_.manager);
    error_.manager.error_exit = on_jpeg_error;
    error_.manager.emit_message = on_message;
    progress_.progress_monitor = on_progress;
    source_.next_input_byte = bytes.data();
    source_.bytes_in_buffer = bytes.size();
    source_.init_source = ignore;
    source_.fill_input_buffer = at_end;
    source_.skip_input_data = skip_bytes;
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = ignore;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  /// Each returns false where libjpeg gave up; message() says why.
  bool read_header() noexcept {
    if (setjmp(error_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.src = &source_;
    info_.progress = &progress_;
    jpeg_read_header(&info_, TRUE);
    return true;
  }
  bool start(J_COLOR_SPACE space) noexcept {
    if (setjmp(error_.jump) != 0) return false;
    info_.out_color_space = space;
    jpeg_start_decompress(&info_);
    return true;
  }
  bool read_row(std::uint8_t* row) noexcept {
    if (setjmp(error_.jump) != 0) return false;
    JSAMPROW rows[1] = {row};
    return jpeg_read_scanlines(&info_, rows, 1) == 1;
  }

  const jpeg_decompress_struct& info() const noexcept { return info_; }
  const char* message() const noexcept { return error_.message.data(); }

 private:
  jpeg_decompress_struct info_ = {};
  ErrorState error_;
  jpeg_progress_mgr progress_ = {};
  jpeg_source_mgr source_ = {};
};

std::uint8_t times_over_255(int a, int b) noexcept {
  const int product = a * b + 128;
  return static_cast<std::uint8_t>((product + (product >> 8)) >> 8);
}

// Four channels as Adobe stores them, inverted: 255 is no ink.
void inverted_cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, std::int64_t pixels) noexcept {
  for (std::int64_t i = 0; i < pixels; ++i) {
    const int white = cmyk[4 * i + 3];
    for (int c = 0; c < 3; ++c) {
      const int ink = 255 - cmyk[4 * i + c];
      rgb[3 * i + c] = static_cast<std::uint8_t>(std::max(0, white - times_over_255(ink, white)));
    }
  }
}

}  // namespace

Image decode_jpeg(const EncodedImage& file) {
  JpegReader reader(file.bytes);
  const auto fail = [&] { throw FileError(file.name + ": damaged JPEG: " + reader.message()); };
  if (!reader.read_header()) fail();
  const jpeg_decompress_struct& info = reader.info();
  const int channels = info.num_components;
  if (channels != 1 && channels != 3 && channels != 4) {
    throw FileError(file.name + ": found a JPEG of " + std::to_string(channels) +
                    " channels, expected 1, 3 or 4");
  }
  // Pixels, and for files of several scans 16-bit coefficients of all channels.
  const bool several_scans = info.progressive_mode != FALSE || info.comps_in_scan < channels;
  const std::int64_t bytes_per_pixel = 3 + (several_scans ? 2 * channels : 0);
  Image image = allocate_image(file, info.image_height, info.image_width, bytes_per_pixel);
  const std::size_t stride = static_cast<std::size_t>(image.width) * 3;
  std::vector<std::uint8_t> row(
      channels == 3 ? 0 : static_cast<std::size_t>(image.width) * static_cast<std::size_t>(channels));
  if (!reader.start(channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK)) fail();
  for (std::int32_t y = 0; y < image.height; ++y) {
    std::uint8_t* out = image.pixels.data() + static_cast<std::size_t>(y) * stride;
    if (!reader.read_row(channels == 3 ? out : row.data())) fail();
    if (channels == 4) inverted_cmyk_to_rgb(row.data(), out, image.width);
    if (channels != 1) continue;
    for (std::size_t x = 0; x < row.size(); ++x) std::memset(out + 3 * x, row[x], 3);
  }
  return image;
}

}  // namespace splice_cuda::clip

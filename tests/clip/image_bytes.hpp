#pragma once

/// @file image_bytes.hpp
/// Small sound pictures of each format, made by the libraries' own encoders.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>
#include <webp/mux.h>

namespace splice_cuda::testing {

/// A gradient with a few edges, [height, width, channels].
inline std::vector<std::uint8_t> test_pattern(int height, int width, int channels) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        pixels.push_back(
            static_cast<std::uint8_t>((x * 5 + y * 3 * (c + 1) + ((x / 6 + y / 5) % 2) * 90) & 0xFF));
      }
    }
  }
  return pixels;
}

/// 1 (grey), 3 (RGB) or 4 (CMYK) channels.
inline std::string jpeg_bytes(int height, int width, int channels, bool progressive = false) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = channels;
  info.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  std::vector<std::uint8_t> pixels = test_pattern(height, width, channels);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = pixels.data() +
                   static_cast<std::size_t>(info.next_scanline) * static_cast<std::size_t>(width * channels);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string bytes(reinterpret_cast<char*>(memory), size);
  std::free(memory);
  return bytes;
}

/// Color types PNG_COLOR_TYPE_* of 8 or 16 bits; palettes have 16 colours.
inline std::string png_bytes(int height, int width, int color_type, int depth = 8, bool interlaced = false) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, std::size_t size) {
        static_cast<std::string*>(png_get_io_ptr(writer))->append(reinterpret_cast<char*>(data), size);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth,
               color_type, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (color_type == PNG_COLOR_TYPE_PALETTE) {
    std::vector<png_color> colors;
    for (int i = 0; i < 16; ++i) {
      colors.push_back(
          {static_cast<png_byte>(i * 16), static_cast<png_byte>(255 - i * 16), static_cast<png_byte>(i)});
    }
    png_set_PLTE(png, info, colors.data(), static_cast<int>(colors.size()));
  }
  png_write_info(png, info);
  const int channels = color_type == PNG_COLOR_TYPE_RGB          ? 3
                       : color_type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                       : color_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                                 : 1;
  std::vector<std::uint8_t> pixels = test_pattern(height, width, channels * depth / 8);
  if (color_type == PNG_COLOR_TYPE_PALETTE) {
    for (std::uint8_t& pixel : pixels) pixel %= 16;
  }
  std::vector<png_bytep> rows;
  for (int y = 0; y < height; ++y) rows.push_back(pixels.data() + y * width * channels * depth / 8);
  png_write_image(png, rows.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

inline std::string webp_bytes(int height, int width, bool lossless) {
  const std::vector<std::uint8_t> pixels = test_pattern(height, width, 3);
  std::uint8_t* memory = nullptr;
  const std::size_t size = lossless ? WebPEncodeLosslessRGB(pixels.data(), width, height, width * 3, &memory)
                                    : WebPEncodeRGB(pixels.data(), width, height, width * 3, 75.0f, &memory);
  std::string bytes(reinterpret_cast<char*>(memory), size);
  WebPFree(memory);
  return bytes;
}

/// Two frames, the first of which is the pattern.
inline std::string webp_animation_bytes(int height, int width) {
  WebPAnimEncoderOptions options;
  WebPAnimEncoderOptionsInit(&options);
  WebPAnimEncoder* encoder = WebPAnimEncoderNew(width, height, &options);
  WebPConfig config;
  WebPConfigInit(&config);
  config.lossless = 1;
  for (int frame = 0; frame < 2; ++frame) {
    std::vector<std::uint8_t> pixels = test_pattern(height, width, 3);
    if (frame == 1) pixels.assign(pixels.size(), 200);
    WebPPicture picture;
    WebPPictureInit(&picture);
    picture.use_argb = 1;
    picture.width = width;
    picture.height = height;
    WebPPictureImportRGB(&picture, pixels.data(), width * 3);
    WebPAnimEncoderAdd(encoder, &picture, frame * 100, &config);
    WebPPictureFree(&picture);
  }
  WebPAnimEncoderAdd(encoder, nullptr, 200, nullptr);
  WebPData data;
  WebPDataInit(&data);
  WebPAnimEncoderAssemble(encoder, &data);
  std::string bytes(reinterpret_cast<const char*>(data.bytes), data.size);
  WebPDataClear(&data);
  WebPAnimEncoderDelete(encoder);
  return bytes;
}

}  // namespace splice_cuda::testing

#include "cli/report/jpeg_writer.hpp"

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <jpeglib.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {
namespace {

struct ErrorJump {
  jpeg_error_mgr manager;  // first: libjpeg hands back its address
  std::jmp_buf target;
  char message[JMSG_LENGTH_MAX];
};

void jump_out(j_common_ptr state) {
  auto* jump = reinterpret_cast<ErrorJump*>(state->err);
  jump->manager.format_message(state, jump->message);
  std::longjmp(jump->target, 1);
}

/// No object with a destructor lives here, over which a jump would go. @returns false with the message in `jump`
bool compress(const Image& image, int quality, ErrorJump& jump, unsigned char*& bytes, unsigned long& size) {
  jpeg_compress_struct state = {};
  state.err = jpeg_std_error(&jump.manager);
  jump.manager.error_exit = jump_out;
  if (setjmp(jump.target) != 0) {
    jpeg_destroy_compress(&state);
    return false;
  }
  jpeg_create_compress(&state);
  jpeg_mem_dest(&state, &bytes, &size);
  state.image_width = static_cast<JDIMENSION>(image.width);
  state.image_height = static_cast<JDIMENSION>(image.height);
  state.input_components = 3;
  state.in_color_space = JCS_RGB;
  jpeg_set_defaults(&state);
  jpeg_set_quality(&state, quality, TRUE);
  jpeg_start_compress(&state, TRUE);
  while (state.next_scanline < state.image_height) {
    const std::size_t first = std::size_t{3} * state.image_width * state.next_scanline;
    JSAMPROW row = const_cast<JSAMPROW>(image.pixels.data() + first);
    jpeg_write_scanlines(&state, &row, 1);
  }
  jpeg_finish_compress(&state);
  jpeg_destroy_compress(&state);
  return true;
}

}  // namespace

std::vector<std::uint8_t> write_jpeg(const Image& image, int quality) {
  ErrorJump jump = {};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  const bool good = compress(image, quality, jump, bytes, size);
  std::vector<std::uint8_t> file;
  if (good) file.assign(bytes, bytes + size);
  std::free(bytes);
  if (!good) throw Error(std::string("libjpeg: ") + jump.message);
  return file;
}

}  // namespace splice_cuda::cli

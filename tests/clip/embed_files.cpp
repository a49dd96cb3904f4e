// Tool of the tests in Python: embeds what it is told and writes raw numbers to stdout.
//   embed_files MODEL images FILE...           float32 rows of the files that could be read, a line each
//   skipped on stderr embed_files MODEL texts FILE               texts separated by NUL embed_files MODEL
//   tokens FILE              int64 rows embed_files - pixels MODE INTERP H W FILE  uint8 [H, W, 3] of one
//   fitted picture embed_files - decode FILE                  uint8 of one picture, after "height width" on
//   stderr
// SPLICE_PRECISION: float32 (default), float16, bfloat16. SPLICE_BATCH: rows of a batch.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "clip/preprocess.hpp"
#include "splice_cuda/clip.hpp"

namespace {

using namespace splice_cuda;

template <class T>
void write(const T* data, std::size_t count) {
  std::fwrite(data, sizeof(T), count, stdout);
}

std::vector<std::string> read_texts(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\0', at), all.size());
    texts.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return texts;
}

ClipOptions options() {
  ClipOptions chosen;
  const char* precision = std::getenv("SPLICE_PRECISION");
  if (precision != nullptr && std::string_view(precision) == "float16") chosen.precision = DType::float16;
  if (precision != nullptr && std::string_view(precision) == "bfloat16") chosen.precision = DType::bfloat16;
  if (const char* batch = std::getenv("SPLICE_BATCH"); batch != nullptr) chosen.batch_size = std::atoi(batch);
  return chosen;
}

void images(const std::string& model, const std::vector<std::string>& names) {
  const std::vector<std::filesystem::path> files(names.begin(), names.end());
  ClipEncoder encoder = ClipEncoder::load(model, options());
  const std::vector<SkippedImage> skipped = encoder.embed_images(files, [&](const EmbeddedImages& part) {
    write(part.embeddings.data, static_cast<std::size_t>(part.embeddings.rows * part.embeddings.cols));
  });
  for (const SkippedImage& one : skipped)
    std::fprintf(stderr, "skipped %d %s\n", static_cast<int>(one.index), one.reason.c_str());
}

void texts(const std::string& model, const char* path) {
  ClipEncoder encoder = ClipEncoder::load(model, options());
  const std::vector<std::string> all = read_texts(path);
  std::vector<float> rows(all.size() * static_cast<std::size_t>(encoder.dim()));
  const std::vector<std::int64_t> cut =
      encoder.embed_texts(all, {rows.data(), static_cast<std::int64_t>(all.size()), encoder.dim()});
  for (const std::int64_t index : cut) std::fprintf(stderr, "truncated %d\n", static_cast<int>(index));
  write(rows.data(), rows.size());
}

void tokens(const std::string& model, const char* path) {
  const ClipTokenizer tokenizer = ClipTokenizer::load(std::filesystem::path(model) / "tokenizer.json");
  const std::vector<std::int64_t> rows = tokenizer.encode(read_texts(path));
  write(rows.data(), rows.size());
}

void pixels(const std::vector<std::string>& words) {
  clip::Preprocessing how;
  how.mode = words[0] == "squash"    ? clip::ResizeMode::squash
             : words[0] == "longest" ? clip::ResizeMode::longest
                                     : clip::ResizeMode::shortest;
  how.interpolation = words[1] == "bilinear" ? clip::Interpolation::bilinear : clip::Interpolation::bicubic;
  how.height = std::stoi(words[2]);
  how.width = std::stoi(words[3]);
  how.fill = 7;
  how.mean = {0.48145466f, 0.4578275f, 0.40821073f};
  how.std = {0.26862954f, 0.26130258f, 0.27577711f};
  for (std::size_t i = 4; i < words.size(); ++i) {
    const Image fitted = clip::fit(read_image(words[i]), how);
    write(fitted.pixels.data(), fitted.pixels.size());
    std::vector<float> values(static_cast<std::size_t>(how.elements()));
    clip::Normalization(how).apply(fitted, values.data());
    write(values.data(), values.size());
  }
}

void decode(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    try {
      const Image image = read_image(file);
      std::fprintf(stderr, "%d %d\n", image.height, image.width);
      write(image.pixels.data(), image.pixels.size());
    } catch (const FileError& error) {
      std::fprintf(stderr, "error %s\n", error.what());
    }
  }
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 3) return 2;
  const std::vector<std::string> rest(words.begin() + 2, words.end());
  if (words[1] == "images") images(words[0], rest);
  if (words[1] == "texts") texts(words[0], rest[0].c_str());
  if (words[1] == "tokens") tokens(words[0], rest[0].c_str());
  if (words[1] == "pixels") pixels(rest);
  if (words[1] == "decode") decode(rest);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run({arguments + 1, arguments + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

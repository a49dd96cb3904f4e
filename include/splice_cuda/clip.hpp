#pragma once

/// @file clip.hpp
/// Pictures and texts to embeddings: CLIP models in a folder (docs/model_folder.md). No torch type appears here, and nothing
/// here links LibTorch: towers are TorchScript, run by a library that is loaded when a model is. Link splice_cuda::clip.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "splice_cuda/device.hpp"
#include "splice_cuda/error.hpp"
#include "splice_cuda/matrix_view.hpp"

namespace splice_cuda {

/// 8-bit RGB, row-major [height, width, 3], without gaps.
struct Image {
  std::int32_t height = 0;
  std::int32_t width = 0;
  std::vector<std::uint8_t> pixels;
};

/// Reads JPEG (grey and CMYK too), PNG (1 to 16 bits, palettes, transparency dropped as Pillow's convert("RGB") drops it) or
/// WebP (of an animation the first frame), by content, not by name.
/// @param max_pixels  a picture of more is refused before memory is taken for it
/// @throws FileError that says what is wrong: no such format, truncated, too large, ...
Image read_image(const std::filesystem::path& path, std::int64_t max_pixels = std::int64_t{1} << 28);
/// The same out of memory; `name` is for messages.
Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name,
                   std::int64_t max_pixels = std::int64_t{1} << 28);

/// Files with the suffix of a picture (.jpg .jpeg .png .webp, any case) below a folder, in the order of their paths. Folders
/// that can't be read are told through `unreadable`. @throws FileError where `folder` itself is none or can't be read
std::vector<std::filesystem::path> list_images(const std::filesystem::path& folder,
                                               std::vector<std::filesystem::path>* unreadable = nullptr);

/// CLIP's byte-level BPE (Radford et al. 2021), as open_clip's SimpleTokenizer does it.
class ClipTokenizer {
 public:
  /// Reads tokenizer.json. @throws FileError
  static ClipTokenizer load(const std::filesystem::path& path);

  std::int64_t context_length() const noexcept;
  std::int64_t vocabulary_size() const noexcept;
  /// Tokens [texts.size(), context_length], row-major, unused places 0. A text that is too long keeps its beginning and gets
  /// the end token at the last place; its index is added to `truncated`.
  std::vector<std::int64_t> encode(std::span<const std::string> texts, std::vector<std::int64_t>* truncated = nullptr) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// How a model is run.
struct ClipOptions {
  Device device = Device::cpu();
  /// What towers compute in; embeddings are float32 always.
  DType precision = DType::float32;
  /// Rows a tower takes at once; >= 1. Results may differ in their last bits between batch sizes.
  std::int64_t batch_size = 64;
  /// Threads of the towers, which LibTorch has for the whole process, and of decoding beside them. 0: what LibTorch is set to,
  /// and decoding on all processors of the process. Results may differ in their last bits between numbers of threads.
  std::int32_t threads = 0;
  /// Recompute SHA-256 of the model's files while loading.
  bool check_files = true;
  /// Pictures of more are skipped.
  std::int64_t max_pixels = std::int64_t{1} << 28;
};

/// A picture that gave no embedding.
struct SkippedImage {
  std::int64_t index = 0;  ///< into the list of files, or of the callback's pictures
  std::string reason;
};

/// Makes picture `index` of a list. Called on several threads at once, for each index once, in no order that can be relied on.
using ImageMaker = std::function<Image(std::int64_t index)>;

/// Some rows of a list of files or pictures, in the list's order.
struct EmbeddedImages {
  std::span<const std::int64_t> indices;  ///< into the list, ascending
  MatrixView<const float> embeddings;     ///< [indices.size(), dim], as the tower gives them: not normalised
};

/// A CLIP model: image tower, text tower, preprocessing, tokenizer. Movable; to be used by one thread at a time.
class ClipEncoder {
 public:
  /// @param folder  as docs/model_folder.md says
  /// @throws FileError for what is missing, damaged, no TorchScript, of another output width; DeviceError
  static ClipEncoder load(const std::filesystem::path& folder, const ClipOptions& options = {});
  ~ClipEncoder();
  ClipEncoder(ClipEncoder&&) noexcept;
  ClipEncoder& operator=(ClipEncoder&&) noexcept;

  const std::string& name() const noexcept;
  std::int64_t dim() const noexcept;
  /// SHA-256 of what model.json says of preprocessing, towers and tokenizer, with their files' digests: what a dictionary
  /// remembers its model by.
  const std::string& fingerprint() const noexcept;
  bool has_text() const noexcept;
  /// Files of the folder, where the model has them.
  std::optional<std::filesystem::path> dictionary_path() const;
  std::optional<std::filesystem::path> vocabulary_path() const;
  std::vector<float> image_mean() const;  ///< empty where it has none
  const ClipTokenizer& tokenizer() const; ///< @throws ArgumentError for a model without text tower

  /// Decodes in parallel with the tower's work and hands over batch after batch. Files that can't be read are skipped and
  /// listed; the rest goes on. Memory does not grow with files.size().
  /// @param take  also called with no rows, after batch_size files were skipped without a call: it may throw to end it all
  std::vector<SkippedImage> embed_images(std::span<const std::filesystem::path> files,
                                         const std::function<void(const EmbeddedImages&)>& take);
  /// The same for pictures that need not be files: members of an archive, rows of an array, what was made of others. At most
  /// batch_size + 2 times the decoding threads of them are held at a time, however large `count` is.
  /// @param count  pictures of the list; >= 0
  /// @param make   FileError, OutOfMemoryError and std::bad_alloc leave its picture out, and are its reason; any other exception ends
  ///               it all and is thrown here. read_image and decode_image, called in it, hold few large pictures at a time. Where the
  ///               system has no thread for it, it is called on the caller's
  /// @throws ArgumentError also for a made Image whose pixels are not height * width * 3
  std::vector<SkippedImage> embed_images(std::int64_t count, const ImageMaker& make,
                                         const std::function<void(const EmbeddedImages&)>& take);
  /// Pictures in memory. @param out  [images.size(), dim]
  void embed_images(std::span<const Image> images, MatrixView<float> out);
  /// @param out  [texts.size(), dim], not normalised
  /// @returns the indices of texts that were longer than the context
  std::vector<std::int64_t> embed_texts(std::span<const std::string> texts, MatrixView<float> out);

 private:
  struct State;
  explicit ClipEncoder(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace splice_cuda

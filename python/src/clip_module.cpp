// The native module `splice_cuda._clip`: ClipEncoder. Apart from _core, so that pictures' libraries are loaded where they are used.
// Errors are translated by _core, which has to be imported first.

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "call.hpp"
#include "splice_cuda/clip.hpp"
#include "text.hpp"

namespace splice_cuda::python {
namespace {

using Pixels = nb::ndarray<const std::uint8_t, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;
using Paths = std::vector<std::filesystem::path>;

/// An encoder that Python threads share: one call at a time.
class SharedEncoder {
 public:
  SharedEncoder(const std::filesystem::path& folder, const ClipOptions& options)
      : encoder_(ClipEncoder::load(folder, options)) {}

  const ClipEncoder& get() const noexcept { return encoder_; }

  /// By run_interruptibly, without the GIL.
  template <class Work>
  void run(nb::handle progress, nb::handle cancel, const Work& work) {
    run_interruptibly(progress, cancel, [&](CallWatch& watch) {
      const std::lock_guard lock(mutex_);
      work(encoder_, watch);
    });
  }

 private:
  ClipEncoder encoder_;
  std::mutex mutex_;
};

/// The elements of a vector as bytes: numpy makes an array of them without another copy.
template <class T>
nb::bytes bytes_of(const std::vector<T>& values) {
  return nb::bytes(values.data(), values.size() * sizeof(T));
}

/// (embeddings, indices, [(index, reason)]), the first two as bytes
nb::tuple embed_files(SharedEncoder& self, const Paths& files, nb::handle progress, nb::handle cancel) {
  std::vector<float> embeddings;
  std::vector<std::int64_t> indices;
  std::vector<SkippedImage> skipped;
  self.run(progress, cancel, [&](ClipEncoder& encoder, CallWatch& watch) {
    const auto total = static_cast<std::int64_t>(files.size());
    skipped = encoder.embed_images(files, [&](const EmbeddedImages& batch) {
      if (watch.stop_requested()) throw CancelledError("cancelled by the caller");
      for (std::int64_t row = 0; row < batch.embeddings.rows; ++row) {
        const float* first = batch.embeddings.row(row);
        embeddings.insert(embeddings.end(), first, first + batch.embeddings.cols);
      }
      indices.insert(indices.end(), batch.indices.begin(), batch.indices.end());
      if (!batch.indices.empty()) watch.tell(batch.indices.back() + 1, total);
    });
    watch.tell(total, total);
  });
  nb::list reasons;
  for (const SkippedImage& image : skipped) reasons.append(nb::make_tuple(image.index, readable(image.reason)));
  return nb::make_tuple(bytes_of(embeddings), bytes_of(indices), reasons);
}

void embed_pixels(SharedEncoder& self, const std::vector<Pixels>& pictures, const Out& out) {
  std::vector<Image> images;
  images.reserve(pictures.size());
  for (const Pixels& picture : pictures) {
    Image image{static_cast<std::int32_t>(picture.shape(0)), static_cast<std::int32_t>(picture.shape(1)), {}};
    image.pixels.assign(picture.data(), picture.data() + picture.size());
    images.push_back(std::move(image));
  }
  const MatrixView<float> view = out_view(out);
  self.run(nb::none(), nb::none(), [&](ClipEncoder& encoder, CallWatch&) { encoder.embed_images(images, view); });
}

std::vector<std::int64_t> embed_texts(SharedEncoder& self, const std::vector<std::string>& texts, const Out& out) {
  const MatrixView<float> view = out_view(out);
  std::vector<std::int64_t> truncated;
  self.run(nb::none(), nb::none(), [&](ClipEncoder& encoder, CallWatch&) { truncated = encoder.embed_texts(texts, view); });
  return truncated;
}

void load(SharedEncoder* self, const std::filesystem::path& folder, const std::string& device, const std::string& precision,
          std::int64_t batch_size, std::int32_t threads, std::int64_t max_pixels, bool check_files) {
  const ClipOptions options{.device = Device::parse(device),
                            .precision = dtype_named("precision", precision),
                            .batch_size = batch_size,
                            .threads = threads,
                            .check_files = check_files,
                            .max_pixels = max_pixels};
  const nb::gil_scoped_release released;
  new (self) SharedEncoder(folder, options);
}

}  // namespace
}  // namespace splice_cuda::python

NB_MODULE(_clip, module) {
  using namespace nb::literals;
  using splice_cuda::python::SharedEncoder;
  module.doc() = "CLIP encoders of libsplice_cuda. Private: use the package `splice_cuda`.";
  nb::class_<SharedEncoder>(module, "ClipEncoder")
      .def("__init__", &splice_cuda::python::load, "folder"_a, "device"_a, "precision"_a, "batch_size"_a, "threads"_a,
           "max_pixels"_a, "check_files"_a)
      .def_prop_ro("name", [](const SharedEncoder& self) { return self.get().name(); })
      .def_prop_ro("dim", [](const SharedEncoder& self) { return self.get().dim(); })
      .def_prop_ro("fingerprint", [](const SharedEncoder& self) { return self.get().fingerprint(); })
      .def_prop_ro("has_text", [](const SharedEncoder& self) { return self.get().has_text(); })
      .def_prop_ro("dictionary_path", [](const SharedEncoder& self) { return self.get().dictionary_path(); })
      .def_prop_ro("vocabulary_path", [](const SharedEncoder& self) { return self.get().vocabulary_path(); })
      .def_prop_ro("image_mean", [](const SharedEncoder& self) { return self.get().image_mean(); })
      .def("embed_files", &splice_cuda::python::embed_files, "files"_a, "progress"_a.none(), "cancel"_a.none())
      .def("embed_pixels", &splice_cuda::python::embed_pixels, "pictures"_a, "out"_a)
      .def("embed_texts", &splice_cuda::python::embed_texts, "texts"_a, "out"_a, "Indices of texts that were cut.");
}

#pragma once

/// @file listing.hpp
/// What each kind of dataset makes of its folder: records, where the pixels are, and what is not there.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/row_builder.hpp"
#include "splice_cuda/dataset.hpp"

namespace splice_cuda::data {

/// Pictures that lie in larger files. Read on several threads at once.
class PixelSource {
 public:
  virtual ~PixelSource() = default;
  /// @param index  into the listing that the kind made
  /// @param name   what messages call the picture
  virtual Image image(std::size_t index, const std::string& name, std::int64_t max_pixels) const = 0;
};

struct Listing {
  RecordTable records;                            ///< first column: `path`, or `name` where there are `pixels`
  std::shared_ptr<const PixelSource> pixels;      ///< null: each picture is a file
  std::vector<std::filesystem::path> sources;
  std::vector<MissingSample> missing;
};

/// One for each kind. @throws FileError where the layout is another; ArgumentError
using ListingMaker = Listing (*)(const std::filesystem::path& path, const DatasetOptions& options);

Listing list_image_folder(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_manifest(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_webdataset(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_caltech101(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_celeba(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_cifar10(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_cifar100(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_coco_captions(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_imagenet(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_mit_states(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_stanford_cars(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_stl10(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_sun397(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_voc2007(const std::filesystem::path& path, const DatasetOptions& options);
Listing list_waterbirds(const std::filesystem::path& path, const DatasetOptions& options);

}  // namespace splice_cuda::data

#pragma once

/// @file coco_json.hpp
/// Annotation files of COCO: large, so that they are read as a stream and only what is asked for is kept.

#include <filesystem>
#include <string>
#include <vector>

namespace splice_cuda::data {

struct CocoCaptions {
  struct Picture {
    std::string id;
    std::string file;
  };
  struct Caption {
    std::string picture;  ///< its id
    std::string text;
  };
  std::vector<Picture> pictures;  ///< in the file's order
  std::vector<Caption> captions;
};

/// "images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]; all else is passed over.
/// @throws FileError for what is no JSON, or has pictures without a name or captions without a picture
CocoCaptions read_coco_captions(const std::filesystem::path& path);

}  // namespace splice_cuda::data

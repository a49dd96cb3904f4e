#pragma once

/// @file coco_json.hpp
/// Annotation files of COCO: large, so that they are read as a stream and only what is asked for is kept.

#include <filesystem>
#include <string>
#include <vector>

#include "data/byte_source.hpp"

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
/// @param stop  asked now and then
/// @throws FileError for what is no regular file, no JSON, or has pictures without a name or captions without a picture; what `stop` throws
CocoCaptions read_coco_captions(const std::filesystem::path& path, const StopCheck& stop = {});

}  // namespace splice_cuda::data

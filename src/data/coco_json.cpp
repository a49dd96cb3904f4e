#include "data/coco_json.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "data/files.hpp"

namespace splice_cuda::data {
namespace {

/// Values of the objects in two of the root's lists.
class CaptionHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  CaptionHandler(CocoCaptions& found, const StopCheck& stop) : found_(found), stop_(stop) {}

  const std::string& error() const noexcept { return error_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t value) override { return take_value(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return take_value(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return take_value(text); }
  bool string(string_t& text) override { return take_value(std::move(text)); }
  bool binary(binary_t&) override { return true; }

  bool start_object(std::size_t) override {
    ++depth_;
    if (depth_ == element_depth) id_ = text_ = {};
    return true;
  }
  bool end_object() override {
    return depth_-- != element_depth || finish_element();
  }
  bool start_array(std::size_t) override {
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 1) list_ = name;
    key_ = name;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    error_ = error.what();
    return false;
  }

 private:
  static constexpr std::int64_t element_depth = 3;  // the root, the list, its element

  bool take_value(std::string value) {
    if (depth_ != element_depth) return true;
    if (list_ == "images") {
      if (key_ == "id") id_ = std::move(value);
      else if (key_ == "file_name") text_ = std::move(value);
    } else if (list_ == "annotations") {
      if (key_ == "image_id") id_ = std::move(value);
      else if (key_ == "caption") text_ = std::move(value);
    }
    return true;
  }

  bool finish_element() {
    constexpr std::int64_t between_stops = 4096;
    if (stop_ && ++elements_ % between_stops == 0) stop_();
    const bool pictures = list_ == "images";
    if (!pictures && list_ != "annotations") return true;
    if (id_.empty() || (pictures && text_.empty())) {
      error_ = pictures ? "an image without id or file_name" : "an annotation without image_id";
      return false;
    }
    if (pictures) found_.pictures.push_back({std::move(id_), std::move(text_)});
    else found_.captions.push_back({std::move(id_), std::move(text_)});
    return true;
  }

  CocoCaptions& found_;
  const StopCheck& stop_;
  std::int64_t elements_ = 0;
  std::int64_t depth_ = 0;
  std::string list_;
  std::string key_;
  std::string id_;
  std::string text_;
  std::string error_;
};

}  // namespace

CocoCaptions read_coco_captions(const std::filesystem::path& path, const StopCheck& stop) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !is_file(path)) fail(path, "found no regular file; expected annotations of captions");
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path, std::string(std::strerror(errno)) + "; expected annotations of captions");
  CocoCaptions found;
  CaptionHandler handler(found, stop);
  if (!nlohmann::json::sax_parse(file, &handler)) fail(path, "found " + handler.error() + "; expected annotations of captions");
  return found;
}

}  // namespace splice_cuda::data

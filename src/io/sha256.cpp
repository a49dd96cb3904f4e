#include "io/sha256.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "splice_cuda/error.hpp"

namespace splice_cuda::io {
namespace {

class Digest {
 public:
  Digest() : good_(state_ && EVP_DigestInit_ex(state_.get(), EVP_sha256(), nullptr) == 1) {}

  void add(std::span<const std::byte> bytes) {
    good_ = good_ && EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()) == 1;
  }

  std::string hexadecimal() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
    unsigned int size = 0;
    if (!good_ || EVP_DigestFinal_ex(state_.get(), digest.data(), &size) != 1) {
      throw Error("libcrypto could not compute a SHA-256 digest");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : std::span(digest.data(), size)) {
      text += digits[byte >> 4];
      text += digits[byte & 0xFu];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  bool good_;
};

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path, const std::function<void()>& between_blocks) {
  return sha256_of_file(MappedFile(path), between_blocks);
}

std::string sha256_of_file(const MappedFile& file, const std::function<void()>& between_blocks) {
  // Read, not mapped: the pages of a large dictionary would count twice.
  std::vector<std::byte> block(std::size_t{1} << 20);
  const std::size_t total = file.bytes().size();
  Digest digest;
  for (std::size_t at = 0; at < total; at += block.size()) {
    if (between_blocks) between_blocks();
    const std::span<std::byte> part = std::span(block).first(std::min(block.size(), total - at));
    file.read_at(at, part);
    digest.add(part);
  }
  return digest.hexadecimal();
}

std::string sha256_of_text(std::string_view text) {
  Digest digest;
  digest.add(std::as_bytes(std::span(text)));
  return digest.hexadecimal();
}

}  // namespace splice_cuda::io

#include "cli/sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <span>

#include "io/mapped_file.hpp"
#include "splice_cuda/error.hpp"

namespace splice_cuda::cli {

std::string sha256_of_file(const std::filesystem::path& path) {
  const io::MappedFile file(path);
  const auto bytes = file.bytes();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw Error("libcrypto could not compute a SHA-256 digest");
  }
  std::string text;
  for (const unsigned char byte : std::span(digest.data(), size)) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace splice_cuda::cli

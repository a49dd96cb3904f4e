#pragma once

/// @file byte_fuzz.hpp
/// Damaged copies of a sound file, the same ones on every run. A reader may accept one or throw a FileError:
/// nothing else.

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::testing {

/// One to four edits: a flipped bit, an arbitrary or a telling byte, a cut, a removed or repeated stretch.
inline std::string damage(std::string bytes, std::mt19937& generator) {
  constexpr std::array<unsigned char, 8> telling = {0x00, 0xff, 0x7f, 0x80, '9', '-', ',', '"'};
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(generator()) % std::max<std::size_t>(1, limit); };
  const std::size_t edits = 1 + below(4);
  for (std::size_t edit = 0; edit < edits && !bytes.empty(); ++edit) {
    const std::size_t at = below(bytes.size());
    const std::size_t length = 1 + below(16);
    switch (below(8)) {
      case 0: bytes.resize(at); break;
      case 1: bytes.erase(at, length); break;
      case 2: bytes.insert(at, bytes.substr(below(bytes.size()), length)); break;
      case 3:
      case 4: bytes[at] = static_cast<char>(generator() & 0xffu); break;
      case 5: bytes[at] = static_cast<char>(telling[below(telling.size())]); break;
      default: bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1u << below(8))); break;
    }
  }
  return bytes;
}

/// Calls `use` with `count` damaged copies. @returns how many it accepted
template <class Use>
int fuzz_bytes(const std::string& sound, int count, unsigned seed, Use use) {
  std::mt19937 generator(seed);
  int accepted = 0;
  for (int copy = 0; copy < count; ++copy) {
    const std::string bytes = damage(sound, generator);
    try {
      use(bytes);
      ++accepted;
    } catch (const FileError& error) {
      EXPECT_GT(std::string(error.what()).size(), 10u);
    } catch (const std::exception& error) {
      ADD_FAILURE() << "copy " << copy << " of seed " << seed << ": " << error.what();
      return accepted;
    }
  }
  return accepted;
}

}  // namespace splice_cuda::testing

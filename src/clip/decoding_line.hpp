#pragma once

/// @file decoding_line.hpp
/// Decodes and fits pictures on threads of its own, ahead of whoever takes them, in order and with bounded
/// memory.

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "clip/preprocess.hpp"

namespace splice_cuda::clip {

/// One file's outcome: pixels of the tower's size, or why there are none.
struct FittedImage {
  Image image;
  std::string failure;  ///< empty where `image` is there
};

class DecodingLine {
 public:
  /// @param files   must outlive the line
  /// @param ahead   most files that are decoded and not yet taken; >= 1
  DecodingLine(std::span<const std::filesystem::path> files, const Preprocessing& how,
               std::int64_t max_pixels, int workers, std::size_t ahead);
  /// Stops the threads, whatever is left.
  ~DecodingLine();
  DecodingLine(const DecodingLine&) = delete;
  DecodingLine& operator=(const DecodingLine&) = delete;

  /// The next file's outcome, in the order of the list; to be called at most files.size() times.
  FittedImage take();

 private:
  void work();

  std::span<const std::filesystem::path> files_;
  Preprocessing how_;
  std::int64_t max_pixels_ = 0;

  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable ready_;
  std::size_t started_ = 0;  ///< files that a thread has begun
  std::size_t taken_ = 0;
  bool stop_ = false;
  struct Slot {
    FittedImage result;
    bool filled = false;
  };
  std::vector<Slot> ring_;  ///< file i in slot i % size
  std::vector<std::thread> threads_;
};

}  // namespace splice_cuda::clip

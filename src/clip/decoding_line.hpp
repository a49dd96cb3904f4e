#pragma once

/// @file decoding_line.hpp
/// Decodes and fits pictures on threads of its own, ahead of whoever takes them, in order and with bounded
/// memory.

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "clip/preprocess.hpp"

namespace splice_cuda::clip {

/// One picture's outcome: pixels of the tower's size, or why there are none.
struct FittedImage {
  Image image;
  std::string failure;             ///< why this picture is left out; empty where `image` is there
  std::exception_ptr error = {};  ///< what ends it all
};

class DecodingLine {
 public:
  /// @param make    must outlive the line
  /// @param ahead   most pictures that are decoded and not yet taken; >= 1
  DecodingLine(std::size_t count, const ImageMaker& make, const Preprocessing& how, int workers, std::size_t ahead);
  /// Stops the threads, whatever is left.
  ~DecodingLine();
  DecodingLine(const DecodingLine&) = delete;
  DecodingLine& operator=(const DecodingLine&) = delete;

  /// The next picture's outcome, in the order of the list; to be called at most `count` times.
  FittedImage take();

 private:
  void work();

  std::size_t count_;
  const ImageMaker& make_;
  Preprocessing how_;

  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable ready_;
  std::size_t started_ = 0;  ///< pictures that a thread has begun
  std::size_t taken_ = 0;
  bool stop_ = false;
  struct Slot {
    FittedImage result;
    bool filled = false;
  };
  std::vector<Slot> ring_;  ///< picture i in slot i % size
  std::vector<std::thread> threads_;
};

}  // namespace splice_cuda::clip

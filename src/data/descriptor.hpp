#pragma once

/// @file descriptor.hpp
/// An open file descriptor.

#include <unistd.h>

#include <utility>

namespace splice_cuda::data {

/// Closes what it holds.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset(std::exchange(other.number_, -1));
    return *this;
  }
  int get() const noexcept { return number_; }
  void reset(int number = -1) noexcept {
    if (number_ > STDERR_FILENO) close(number_);
    number_ = number;
  }

 private:
  int number_;
};

}  // namespace splice_cuda::data

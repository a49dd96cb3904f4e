#include "clip/decoding_line.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "clip/decoders.hpp"
#include "clip/whole_image.hpp"

namespace splice_cuda::clip {
namespace {

/// @throws ArgumentError
const Image& checked(const Image& image, std::int64_t index) {
  if (is_whole(image)) return image;
  throw ArgumentError("make: " + std::to_string(image.pixels.size()) + " bytes for " + std::to_string(image.height) + " x " +
                      std::to_string(image.width) + " given at " + std::to_string(index) + ", expected height * width * 3");
}

FittedImage make_and_fit(const ImageMaker& make, std::int64_t index, const Preprocessing& how) {
  try {
    LargePictureTurn turn;
    const KeptTurn kept(turn);
    return {fit(checked(make(index), index), how), {}};
  } catch (const std::bad_alloc&) {
    return {{}, "found a picture that memory does not hold, expected a smaller one"};
  } catch (const FileError& error) {
    return {{}, error.what()};
  } catch (const OutOfMemoryError& error) {
    return {{}, error.what()};
  } catch (...) {
    return {{}, {}, std::current_exception()};
  }
}

}  // namespace

DecodingLine::DecodingLine(std::size_t count, const ImageMaker& make, const Preprocessing& how, int workers,
                           std::size_t ahead)
    : count_(count),
      make_(make),
      how_(how),
      ring_(std::max<std::size_t>(1, std::min(ahead, count))) {
  const std::size_t useful =
      std::min<std::size_t>(static_cast<std::size_t>(std::max(1, workers)), count);
  threads_.reserve(useful);
  try {
    for (std::size_t i = 0; i < useful; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::exception&) {
    // The system has no more threads. Those that run do it all; without one, take() decodes.
  }
}

DecodingLine::~DecodingLine() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void DecodingLine::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    room_.wait(lock,
               [this] { return stop_ || started_ == count_ || started_ - taken_ < ring_.size(); });
    if (stop_ || started_ == count_) return;
    const std::size_t index = started_++;
    lock.unlock();
    FittedImage result = make_and_fit(make_, static_cast<std::int64_t>(index), how_);
    lock.lock();
    Slot& slot = ring_[index % ring_.size()];
    slot.result = std::move(result);
    slot.filled = true;
    ready_.notify_one();
  }
}

FittedImage DecodingLine::take() {
  if (threads_.empty()) return make_and_fit(make_, static_cast<std::int64_t>(taken_++), how_);
  std::unique_lock lock(mutex_);
  Slot& slot = ring_[taken_ % ring_.size()];
  ready_.wait(lock, [&] { return slot.filled; });
  slot.filled = false;
  FittedImage result = std::move(slot.result);
  ++taken_;
  lock.unlock();
  room_.notify_all();
  return result;
}

}  // namespace splice_cuda::clip

#include "clip/decoding_line.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "clip/decoders.hpp"

namespace splice_cuda::clip {
namespace {

FittedImage read_and_fit(const std::filesystem::path& file, const Preprocessing& how,
                         std::int64_t max_pixels) {
  try {
    LargePictureTurn turn;
    return {fit(read_image(file, max_pixels, turn), how), {}};
  } catch (const std::bad_alloc&) {
    return {{}, file.string() + ": found a picture that memory does not hold, expected a smaller one"};
  } catch (const std::exception& error) {
    return {{}, error.what()};
  }
}

}  // namespace

DecodingLine::DecodingLine(std::span<const std::filesystem::path> files, const Preprocessing& how,
                           std::int64_t max_pixels, int workers, std::size_t ahead)
    : files_(files),
      how_(how),
      max_pixels_(max_pixels),
      ring_(std::max<std::size_t>(1, std::min(ahead, files.size()))) {
  const std::size_t useful =
      std::min<std::size_t>(static_cast<std::size_t>(std::max(1, workers)), files.size());
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
               [this] { return stop_ || started_ == files_.size() || started_ - taken_ < ring_.size(); });
    if (stop_ || started_ == files_.size()) return;
    const std::size_t index = started_++;
    lock.unlock();
    FittedImage result = read_and_fit(files_[index], how_, max_pixels_);
    lock.lock();
    Slot& slot = ring_[index % ring_.size()];
    slot.result = std::move(result);
    slot.filled = true;
    ready_.notify_one();
  }
}

FittedImage DecodingLine::take() {
  if (threads_.empty()) return read_and_fit(files_[taken_++], how_, max_pixels_);
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

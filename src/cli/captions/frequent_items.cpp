#include "cli/captions/frequent_items.hpp"

#include <algorithm>
#include <functional>

namespace splice_cuda::cli {
namespace {

constexpr std::size_t mean_text_bytes = 16;
constexpr std::size_t least_slots = 1024;

}  // namespace

FrequentItems::FrequentItems(std::size_t bytes) {
  // An entry takes 32 bytes, up to 16 of slots (they are a power of two, at most half full), and its text.
  constexpr std::size_t entry_bytes = sizeof(Entry) + 4 * sizeof(std::uint32_t) + mean_text_bytes;
  most_entries_ = std::clamp<std::size_t>(bytes / entry_bytes, 512, 0xfffffff0u);
  most_text_bytes_ = std::max<std::size_t>(most_entries_ * mean_text_bytes, 512 * 256);
  // Reserved and not touched: vectors that grow would need half as much again while they move.
  entries_.reserve(most_entries_);
  texts_.reserve(most_text_bytes_);
  slots_.resize(least_slots);
}

std::size_t FrequentItems::slot_of(std::string_view text, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) return slot;
    const Entry& entry = entries_[slots_[slot] - 1];
    if (entry.hash == hash && text_of(entry) == text) return slot;
  }
}

void FrequentItems::add(std::string_view text) {
  const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(text));
  std::size_t slot = slot_of(text, hash);
  if (slots_[slot] != 0) {
    ++entries_[slots_[slot] - 1].count;
    return;
  }
  if (entries_.size() == most_entries_ || texts_.size() + text.size() > most_text_bytes_) {
    drop_rarest();
    slot = slot_of(text, hash);
  }
  entries_.push_back({1, missed_, texts_.size(), hash, static_cast<std::uint32_t>(text.size())});
  texts_ += text;
  slots_[slot] = static_cast<std::uint32_t>(entries_.size());
  if (2 * entries_.size() > slots_.size()) rebuild_slots();
}

void FrequentItems::rebuild_slots() {
  std::size_t size = least_slots;
  while (size <= 2 * entries_.size()) size *= 2;
  slots_.assign(size, 0);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t slot = entries_[i].hash & (size - 1);
    while (slots_[slot] != 0) slot = (slot + 1) & (size - 1);
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

void FrequentItems::drop_rarest() {
  std::vector<std::uint64_t> most(entries_.size());
  std::transform(entries_.begin(), entries_.end(), most.begin(), [](const Entry& entry) { return entry.count + entry.missed; });
  // Half of them at once: dropping costs as much as it frees.
  const auto middle = most.begin() + static_cast<std::ptrdiff_t>(most.size() / 2);
  std::nth_element(most.begin(), middle, most.end());
  missed_ = *middle;
  std::size_t text_end = 0;
  std::size_t count = 0;
  for (Entry& entry : entries_) {
    if (entry.count + entry.missed <= missed_) continue;
    std::copy_n(texts_.begin() + static_cast<std::ptrdiff_t>(entry.text), entry.length,
                texts_.begin() + static_cast<std::ptrdiff_t>(text_end));
    entry.text = text_end;
    text_end += entry.length;
    entries_[count++] = entry;
  }
  entries_.resize(count);
  texts_.resize(text_end);
  rebuild_slots();
}

std::vector<CountedText> FrequentItems::sorted(std::uint64_t least) const {
  std::vector<CountedText> list;
  for (const Entry& entry : entries_) {
    if (entry.count >= least) list.push_back({std::string(text_of(entry)), entry.count, entry.missed});
  }
  std::sort(list.begin(), list.end(), [](const CountedText& a, const CountedText& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  });
  return list;
}

}  // namespace splice_cuda::cli

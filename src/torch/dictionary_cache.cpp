#include "torch/dictionary_cache.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/parallel.hpp"
#include "torch/argument_names.hpp"
#include "torch/torch_context.hpp"

namespace splice_cuda::op {
namespace {

constexpr std::size_t most_dictionaries = 4;
constexpr std::int64_t most_bytes = std::int64_t{512} << 20;

struct Kept {
  Tensor atoms;  ///< contiguous, owned by nobody else
  Dictionary dictionary;
  CUstream_st* stream;  ///< on which it was made, and alone may be used

  std::int64_t bytes() const { return atoms.numel() * static_cast<std::int64_t>(atoms.element_size()); }
};

struct Cache {
  std::mutex mutex;
  std::vector<std::shared_ptr<const Kept>> kept;  ///< the one used last comes first
};

/// Never destroyed: when a process ends, the driver may be gone before statics are.
Cache& cache() {
  static auto* const instance = new Cache();
  return *instance;
}

bool rows_equal(const Tensor& tensor, const Tensor& copy, int threads) {
  const std::int64_t rows = tensor.size(0);
  const std::size_t row_bytes = static_cast<std::size_t>(tensor.size(1)) * tensor.element_size();
  const std::size_t stride = static_cast<std::size_t>(leading_dimension(tensor)) * tensor.element_size();
  const auto* given = static_cast<const unsigned char*>(tensor.const_data_ptr());
  const auto* own = static_cast<const unsigned char*>(copy.const_data_ptr());
  constexpr std::int64_t rows_at_once = 256;
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> equal{true};
  run_workers(static_cast<int>(std::clamp<std::int64_t>(rows / rows_at_once, 1, threads)), [&](int) {
    for (std::int64_t first = next.fetch_add(rows_at_once); first < rows && equal;
         first = next.fetch_add(rows_at_once)) {
      for (std::int64_t i = first; i < std::min(first + rows_at_once, rows); ++i) {
        const auto row = static_cast<std::size_t>(i);
        if (std::memcmp(given + row * stride, own + row * row_bytes, row_bytes) == 0) continue;
        equal = false;
        return;
      }
    }
  });
  return equal;
}

bool equal_on_device(const Tensor& tensor, const Tensor& copy) {
  std::array<StableIValue, 2> stack{torch::stable::detail::from(tensor), torch::stable::detail::from(copy)};
  TORCH_ERROR_CODE_CHECK(torch_call_dispatcher("aten::equal", "", stack.data(), TORCH_ABI_VERSION));
  return torch::stable::detail::to<bool>(stack[0]);
}

bool is_of(const Kept& kept, const Context& context, const Tensor& atoms) {
  return kept.dictionary.device() == context.device() && kept.stream == context.options().stream &&
         kept.atoms.scalar_type() == atoms.scalar_type() && kept.atoms.size(0) == atoms.size(0) &&
         kept.atoms.size(1) == atoms.size(1) &&
         (atoms.is_cuda() ? equal_on_device(atoms, kept.atoms)
                          : rows_equal(atoms, kept.atoms, context.options().threads));
}

using Entries = std::vector<std::shared_ptr<const Kept>>;

Entries kept_now() {
  const std::lock_guard lock(cache().mutex);
  return cache().kept;
}

std::shared_ptr<const Kept> find(const Entries& candidates, const Context& context, const Tensor& atoms) {
  for (const auto& candidate : candidates) {
    if (is_of(*candidate, context, atoms)) return candidate;
  }
  return nullptr;
}

/// Puts an entry first, and lets go of what is too much.
/// @param compared  entries that are known to be of other atoms
/// @returns the entry, or the one of the same atoms that another thread has kept since
std::shared_ptr<const Kept> keep(std::shared_ptr<const Kept> entry, const Entries& compared,
                                 const Context& context) {
  Entries gone;  // released without the lock
  const std::lock_guard lock(cache().mutex);
  auto& kept = cache().kept;
  Entries since;
  for (const auto& other : kept) {
    if (other != entry && std::ranges::find(compared, other) == compared.end()) since.push_back(other);
  }
  if (auto same = find(since, context, entry->atoms)) {
    gone.push_back(std::move(entry));
    entry = std::move(same);
  }
  const std::shared_ptr<const Kept> first = entry;
  std::erase(kept, entry);
  kept.insert(kept.begin(), std::move(entry));
  std::int64_t bytes = 0;
  std::size_t fitting = 0;
  while (fitting < kept.size() && fitting < most_dictionaries &&
         bytes + kept[fitting]->bytes() <= most_bytes) {
    bytes += kept[fitting++]->bytes();
  }
  gone.insert(gone.end(), kept.begin() + static_cast<std::ptrdiff_t>(fitting), kept.end());
  kept.resize(fitting);
  return first;
}

/// Without a copy where that is possible; the tensor lives as long as the dictionary.
Dictionary prepare(const Context& context, const Tensor& atoms) {
  return with_op_names(
      [&] { return Dictionary::view(context, typed_view(atoms), std::make_shared<const Tensor>(atoms)); });
}

}  // namespace

Dictionary dictionary_of(const Context& context, const Tensor& atoms) {
  const bool large = atoms.numel() * static_cast<std::int64_t>(atoms.element_size()) > most_bytes;
  if (large || atoms.numel() == 0) return prepare(context, atoms);
  const Entries compared = kept_now();
  std::shared_ptr<const Kept> entry = find(compared, context, atoms);
  if (!entry) {
    const Tensor copy = torch::stable::contiguous(torch::stable::clone(atoms));
    entry = std::make_shared<const Kept>(Kept{copy, prepare(context, copy), context.options().stream});
  }
  return keep(std::move(entry), compared, context)->dictionary;
}

void clear_dictionaries() {
  std::vector<std::shared_ptr<const Kept>> gone;
  const std::lock_guard lock(cache().mutex);
  gone.swap(cache().kept);
}

std::int64_t kept_dictionaries() {
  const std::lock_guard lock(cache().mutex);
  return static_cast<std::int64_t>(cache().kept.size());
}

}  // namespace splice_cuda::op

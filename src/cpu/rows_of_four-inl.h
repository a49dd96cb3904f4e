// Rows of the dictionary that a list of atoms names, four at a time, and the sums of their products, for the target being
// compiled. Include guard per target, as Highway asks for.
#if defined(SPLICE_CPU_ROWS_OF_FOUR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SPLICE_CPU_ROWS_OF_FOUR_INL_H_
#undef SPLICE_CPU_ROWS_OF_FOUR_INL_H_
#else
#define SPLICE_CPU_ROWS_OF_FOUR_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Atoms that pass at once; the products of four leave in one vector.
constexpr std::size_t block = 4;

/// Sums of blocks of 128 bits, down to one.
template <class D, class V>
HWY_INLINE auto FoldBlocks(D d, V v) {
  if constexpr (hn::MaxLanes(D()) <= block) {
    (void)d;
    return v;
  } else {
    const hn::Half<D> half;
    return FoldBlocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

/// Four vectors to the four sums of their lanes: a third of the shuffles that four single sums take.
template <class D, class V>
HWY_INLINE void StoreSums(D d, const V (&v)[block], hn::TFromD<D>* HWY_RESTRICT out) {
  if constexpr (hn::MaxLanes(D()) < block) {
    for (std::size_t i = 0; i < block; ++i) out[i] = hn::GetLane(hn::SumOfLanes(d, v[i]));
  } else {
    const hn::Repartition<std::uint64_t, D> pairs;
    const auto ab = hn::Add(hn::InterleaveLower(d, v[0], v[1]), hn::InterleaveUpper(d, v[0], v[1]));
    const auto cd = hn::Add(hn::InterleaveLower(d, v[2], v[3]), hn::InterleaveUpper(d, v[2], v[3]));
    const auto low = hn::InterleaveLower(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, cd));
    const auto high = hn::InterleaveUpper(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, cd));
    const auto sums = FoldBlocks(d, hn::Add(hn::BitCast(d, low), hn::BitCast(d, high)));
    hn::StoreU(sums, hn::CappedTag<hn::TFromD<D>, block>(), out);
  }
}

/// Four rows of the dictionary; the first one again in place of those past the end of the list.
template <class Row>
HWY_INLINE void FindRows(const std::int32_t* atoms, std::int64_t first, std::int64_t count, const Row& row_of,
                         decltype(row_of(0)) (&rows)[block]) {
  for (std::size_t i = 0; i < block; ++i) {
    const std::int64_t at = first + static_cast<std::int64_t>(i);
    rows[i] = row_of(at < count ? atoms[at] : atoms[first]);
  }
}

/// The first `count` of four results.
template <class T>
HWY_INLINE void CopyFirst(const T (&results)[block], std::int64_t count, T* out) {
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(block) && i < count; ++i) out[i] = results[i];
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard

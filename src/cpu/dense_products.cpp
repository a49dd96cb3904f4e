#include "cpu/dense_products.hpp"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/dense_products.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "core/typed_rows.hpp"
#include "cpu/load_atom-inl.h"

HWY_BEFORE_NAMESPACE();
namespace splice_cuda::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t tile = 4;             // rows and atoms of a register tile
constexpr std::int64_t atoms_at_once = 32;  // a block of atoms stays in cache while all rows pass by

/// 4 rows x 4 atoms, lanes along d. Missing rows and atoms repeat the last one; `out` gets what exists.
template <class T>
HWY_INLINE void CorrelateTile(const CpuDictionary& dictionary, const float* const* rows, std::size_t row_count,
                              std::int64_t first_atom, std::size_t atom_count, float* const* out) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const float* row[tile];
  const T* atom[tile];
  for (std::size_t i = 0; i < tile; ++i) {
    row[i] = rows[std::min(i, row_count - 1)];
    atom[i] = dictionary.atom<T>(first_atom + static_cast<std::int64_t>(std::min(i, atom_count - 1)));
  }
  V sum[tile][tile];
  for (auto& line : sum) {
    for (V& s : line) s = hn::Zero(d);
  }
  for (std::int64_t k = 0; k < dictionary.ld; k += lanes) {
    V a[tile];
    for (std::size_t j = 0; j < tile; ++j) a[j] = LoadAtom(d, atom[j] + k);
    for (std::size_t i = 0; i < tile; ++i) {
      const V r = hn::LoadU(d, row[i] + k);
      for (std::size_t j = 0; j < tile; ++j) sum[i][j] = hn::MulAdd(r, a[j], sum[i][j]);
    }
  }
  for (std::size_t i = 0; i < row_count; ++i) {
    for (std::size_t j = 0; j < atom_count; ++j) {
      out[i][first_atom + static_cast<std::int64_t>(j)] = hn::GetLane(hn::SumOfLanes(d, sum[i][j]));
    }
  }
}

template <class T>
HWY_INLINE void CorrelateRowsOf(const CpuDictionary& dictionary, std::span<const float* const> rows,
                   std::span<float* const> out) {
  for (std::int64_t block = 0; block < dictionary.size; block += atoms_at_once) {
    const std::int64_t end = std::min(block + atoms_at_once, dictionary.size);
    for (std::size_t i = 0; i < rows.size(); i += tile) {
      const std::size_t row_count = std::min(tile, rows.size() - i);
      for (std::int64_t j = block; j < end; j += static_cast<std::int64_t>(tile)) {
        CorrelateTile<T>(dictionary, rows.data() + i, row_count, j,
                      std::min(tile, static_cast<std::size_t>(end - j)), out.data() + i);
      }
    }
  }
}

/// Adds sum_j q[j] c_j over a block of atoms to 64 columns of up to 4 rows.
template <class T>
HWY_INLINE void CombineTile(const CpuDictionary& dictionary, const float* const* q, std::size_t row_count,
                            std::int64_t block, std::int64_t end, std::int64_t column,
                            float* const* out) {
  const hn::CappedTag<float, 16> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t k = column; k < column + 64; k += 2 * lanes) {
    V even[tile];
    V odd[tile];
    for (std::size_t i = 0; i < tile; ++i) even[i] = odd[i] = hn::Zero(d);
    for (std::int64_t j = block; j < end; ++j) {
      const V a = LoadAtom(d, dictionary.atom<T>(j) + k);
      const V b = LoadAtom(d, dictionary.atom<T>(j) + k + lanes);
      for (std::size_t i = 0; i < tile; ++i) {
        const V weight = hn::Set(d, q[std::min(i, row_count - 1)][j]);
        even[i] = hn::MulAdd(weight, a, even[i]);
        odd[i] = hn::MulAdd(weight, b, odd[i]);
      }
    }
    for (std::size_t i = 0; i < row_count; ++i) {
      hn::StoreU(hn::Add(hn::LoadU(d, out[i] + k), even[i]), d, out[i] + k);
      hn::StoreU(hn::Add(hn::LoadU(d, out[i] + k + lanes), odd[i]), d, out[i] + k + lanes);
    }
  }
}

template <class T>
HWY_INLINE void CombineAtomsOf(const CpuDictionary& dictionary, std::span<const float* const> q,
                  std::span<float* const> out) {
  for (float* row : out) std::memset(row, 0, static_cast<std::size_t>(dictionary.ld) * sizeof(float));
  constexpr std::int64_t block_size = 128;
  for (std::int64_t block = 0; block < dictionary.size; block += block_size) {
    const std::int64_t end = std::min(block + block_size, dictionary.size);
    for (std::int64_t column = 0; column < dictionary.ld; column += 64) {
      for (std::size_t i = 0; i < q.size(); i += tile) {
        CombineTile<T>(dictionary, q.data() + i, std::min(tile, q.size() - i), block, end, column,
                    out.data() + i);
      }
    }
  }
}

// One function an element type: chosen once a call.
void CorrelateRows(const CpuDictionary& dictionary, std::span<const float* const> rows, std::span<float* const> out) {
  with_element_type(dictionary.dtype, [&]<class T>(T) HWY_ATTR { CorrelateRowsOf<T>(dictionary, rows, out); });
}

void CombineAtoms(const CpuDictionary& dictionary, std::span<const float* const> q, std::span<float* const> out) {
  with_element_type(dictionary.dtype, [&]<class T>(T) HWY_ATTR { CombineAtomsOf<T>(dictionary, q, out); });
}

}  // namespace splice_cuda::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace splice_cuda::cpu {

HWY_EXPORT(CorrelateRows);
HWY_EXPORT(CombineAtoms);

void correlate_rows(const CpuDictionary& dictionary, std::span<const float* const> rows,
                    std::span<float* const> out) {
  HWY_DYNAMIC_DISPATCH(CorrelateRows)(dictionary, rows, out);
}

void combine_atoms(const CpuDictionary& dictionary, std::span<const float* const> q,
                   std::span<float* const> out) {
  HWY_DYNAMIC_DISPATCH(CombineAtoms)(dictionary, q, out);
}

}  // namespace splice_cuda::cpu
#endif

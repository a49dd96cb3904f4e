#include "cpu/cpu_dictionary.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>

#include "core/available_memory.hpp"
#include "core/equal_rows.hpp"
#include "core/parallel.hpp"
#include "core/typed_rows.hpp"
#include "core/validate.hpp"
#include "cpu/quantize_atom.hpp"

namespace splice_cuda::cpu {
namespace {

/// Equal atoms have equal int8 copies, which are a quarter of the bytes: their hash does for the atoms.
std::uint64_t hash_copy(const std::int8_t* row, std::int64_t ld, float scale) {
  constexpr std::uint64_t factor = 0xFF51AFD7ED558CCDu;
  std::uint64_t even = bits_of(scale) * factor;
  std::uint64_t odd = 0x9E3779B97F4A7C15u;
  for (std::int64_t k = 0; k < ld; k += 16) {
    std::uint64_t words[2];
    std::memcpy(words, row + k, sizeof words);
    even = (even ^ words[0]) * factor;
    odd = (odd ^ words[1]) * factor;
    even ^= even >> 32;
    odd ^= odd >> 32;
  }
  return (even ^ (odd >> 29)) * factor ^ odd;
}

/// Transposes the quads of 32 rows of rows8. A cache line of each row at a time: rows may lie a power of two
/// apart.
void fill_panel(CpuDictionary& d, std::int64_t panel) {
  constexpr std::int64_t block = 16;  // quads
  std::uint8_t* out = d.panels8.get() + panel * panel_atoms * d.ld;
  for (std::int64_t first = 0; first < d.ld / 4; first += block) {
    for (std::int64_t lane = 0; lane < panel_atoms; ++lane) {
      const std::int8_t* row = d.atom8(panel * panel_atoms + lane) + first * 4;
      for (std::int64_t i = 0; i < block; ++i) {
        std::uint32_t quad;
        std::memcpy(&quad, row + i * 4, sizeof quad);
        quad ^= 0x80808080u;  // adds 128 to each byte
        std::memcpy(out + ((first + i) * panel_atoms + lane) * 4, &quad, sizeof quad);
      }
    }
  }
}

/// Fills one panel's atoms, int8 copies and figures.
/// @returns the first atom of the panel that is not finite, or the dictionary's size
template <class T>
std::int64_t make_panel(CpuDictionary& d, const TypedMatrixView& given, std::int64_t panel,
                        std::vector<std::uint64_t>& hashes) {
  const std::int64_t end = std::min(d.size, (panel + 1) * panel_atoms);
  for (std::int64_t j = panel * panel_atoms; j < end; ++j) {
    const T* source = row_of<T>(given, j);
    if (!all_finite(source, d.dim)) return j;
    if (!d.in_place) {
      T* own = reinterpret_cast<T*>(d.own_atoms.get()) + j * d.ld;
      for (std::int64_t k = 0; k < d.dim; ++k) own[k] = without_negative_zero(element(source, k));
    }
    std::int8_t* row8 = d.rows8.get() + j * d.ld;
    const QuantizedAtom atom = quantize_atom(d.atom<T>(j), d.ld, row8);
    d.scale[j] = atom.scale;
    d.error[j] = atom.error;
    d.norm[j] = atom.norm;
    d.row_sum[j] = atom.sum;
    hashes[static_cast<std::size_t>(j)] = hash_copy(row8, d.ld, atom.scale);
  }
  fill_panel(d, panel);
  return d.size;
}

bool readable_in_place(const AtomSource& source, std::int64_t ld) {
  const auto address = reinterpret_cast<std::uintptr_t>(source.atoms.data);
  return source.in_place && source.atoms.cols == ld &&
         address % static_cast<std::uintptr_t>(source.atoms.element_size()) == 0;
}

/// @throws ArgumentError naming the first atom that is not finite
void make_panels(CpuDictionary& d, const TypedMatrixView& given, int threads,
                 std::vector<std::uint64_t>& hashes) {
  constexpr std::int64_t panels_at_once = 16;
  std::atomic<std::int64_t> next{0};
  std::atomic<std::int64_t> bad{d.size};
  const auto workers = static_cast<int>(std::min<std::int64_t>(threads, d.panels / panels_at_once + 1));
  run_workers(workers, [&](int) {
    for (;;) {
      const std::int64_t first = next.fetch_add(panels_at_once);
      if (first >= d.panels) return;
      for (std::int64_t panel = first; panel < std::min(first + panels_at_once, d.panels); ++panel) {
        const std::int64_t found =
            with_element_type(d.dtype, [&]<class T>(T) { return make_panel<T>(d, given, panel, hashes); });
        std::int64_t before = bad.load();
        while (found < before && !bad.compare_exchange_weak(before, found)) {
        }
      }
    }
  });
  if (bad < d.size)
    fail_argument("atoms", "a NaN or infinity in row " + std::to_string(bad.load()), "finite atoms");
}

}  // namespace

const float* CpuDictionary::float_atom(std::int64_t j, float* buffer) const {
  if (dtype == DType::float32) return atom<float>(j);
  convert_row(atoms, j, buffer);
  return buffer;
}

void CpuDictionary::copy_atom(std::int64_t j, double* out) const { convert_row(atoms, j, out); }

std::shared_ptr<const CpuDictionary> make_cpu_dictionary(const AtomSource& source, int threads) {
  auto dictionary = std::make_shared<CpuDictionary>();
  CpuDictionary& d = *dictionary;
  const TypedMatrixView& given = source.atoms;
  d.size = given.rows;
  d.dim = given.cols;
  d.dtype = given.dtype;
  d.device = Device::cpu();
  d.ld = round_up<std::int64_t>(given.cols, 64);
  d.panels = (given.rows + panel_atoms - 1) / panel_atoms;
  d.in_place = readable_in_place(source, d.ld);
  const auto padded = static_cast<std::size_t>(d.panels * panel_atoms + 1);
  const auto row_bytes = static_cast<std::size_t>(d.ld);
  constexpr std::size_t figures =
      4 * sizeof(float) + sizeof(std::int32_t) + sizeof(std::uint64_t) * 3;  // and hashes
  const std::size_t own_bytes = d.in_place ? 0 : static_cast<std::size_t>(given.element_size());
  require_memory(
      padded * (row_bytes * (2 + own_bytes) + figures), available_memory(),
      "a dictionary of " + std::to_string(d.size) + " atoms of " + std::to_string(d.dim) + " numbers would");
  if (d.in_place) {
    d.atoms = given;
    d.owner = source.owner;
  } else {
    const auto bytes = static_cast<std::size_t>(d.size * d.ld * given.element_size());
    d.own_atoms = make_aligned<std::byte>(bytes, "the dictionary's atoms");
    d.atoms = {d.own_atoms.get(), d.dtype, d.size, d.ld, d.ld};
  }
  d.rows8 = make_aligned<std::int8_t>(padded * row_bytes, "the dictionary's int8 rows");
  d.panels8 = make_aligned<std::uint8_t>(padded * row_bytes, "the dictionary's int8 panels");
  d.scale = make_aligned<float>(padded, "the dictionary's scales");
  d.error = make_aligned<float>(padded, "the dictionary's quantisation errors");
  d.norm = make_aligned<float>(padded, "the dictionary's norms");
  d.row_sum = make_aligned<std::int32_t>(padded, "the dictionary's row sums");
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(d.size));
  make_panels(d, given, threads, hashes);
  d.first_equal = first_equal_rows(d.atoms, hashes);
  return dictionary;
}

}  // namespace splice_cuda::cpu

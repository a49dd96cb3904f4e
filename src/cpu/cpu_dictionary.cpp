#include "cpu/cpu_dictionary.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/equal_rows.hpp"

namespace splice_cuda::cpu {
namespace {

/// Floats that bound a double from above.
float round_up_to_float(double value) {
  return static_cast<float>(value * (1.0 + 1e-6));
}

/// int8 copy of one atom with its own scale, and what the copy lost (design.md, section 2.1).
void quantize_atom(CpuDictionary& dictionary, std::int64_t j) {
  const float* atom = dictionary.atom(j);
  std::int8_t* row = dictionary.rows8.get() + j * dictionary.ld;
  float largest = 0;
  for (std::int64_t k = 0; k < dictionary.dim; ++k) largest = std::max(largest, std::abs(atom[k]));
  const float scale = largest / 127.0f;
  const double inverse = scale > 0 ? 1.0 / static_cast<double>(scale) : 0.0;
  double error = 0;
  double norm = 0;
  std::int32_t sum = 0;
  for (std::int64_t k = 0; k < dictionary.dim; ++k) {
    const double value = static_cast<double>(atom[k]);
    const double rounded = std::clamp(std::nearbyint(value * inverse), -127.0, 127.0);
    const double lost = value - static_cast<double>(scale) * rounded;
    row[k] = static_cast<std::int8_t>(rounded);
    sum += static_cast<std::int32_t>(rounded);
    error += lost * lost;
    norm += value * value;
  }
  dictionary.scale[j] = scale;
  dictionary.error[j] = round_up_to_float(std::sqrt(error));
  dictionary.norm[j] = round_up_to_float(std::sqrt(norm));
  dictionary.row_sum[j] = sum;
}

void fill_panel(CpuDictionary& dictionary, std::int64_t panel) {
  const std::int64_t ld = dictionary.ld;
  std::uint8_t* out = dictionary.panels8.get() + panel * panel_atoms * ld;
  for (std::int64_t lane = 0; lane < panel_atoms; ++lane) {
    const std::int8_t* row = dictionary.atom8(panel * panel_atoms + lane);
    for (std::int64_t k = 0; k < ld; ++k) {
      out[(k / 4) * (4 * panel_atoms) + lane * 4 + k % 4] =
          static_cast<std::uint8_t>(static_cast<int>(row[k]) + 128);
    }
  }
}

}  // namespace

std::shared_ptr<const CpuDictionary> make_cpu_dictionary(MatrixView<const float> atoms) {
  auto dictionary = std::make_shared<CpuDictionary>();
  CpuDictionary& d = *dictionary;
  d.size = atoms.rows;
  d.dim = atoms.cols;
  d.device = Device::cpu();
  d.ld = round_up<std::int64_t>(atoms.cols, 64);
  d.panels = (atoms.rows + panel_atoms - 1) / panel_atoms;
  const auto padded = static_cast<std::size_t>(d.panels * panel_atoms + 1);
  const auto row_bytes = static_cast<std::size_t>(d.ld);
  d.atoms = make_aligned<float>(padded * row_bytes, "the dictionary's atoms");
  d.rows8 = make_aligned<std::int8_t>(padded * row_bytes, "the dictionary's int8 rows");
  d.panels8 = make_aligned<std::uint8_t>(padded * row_bytes, "the dictionary's int8 panels");
  d.scale = make_aligned<float>(padded, "the dictionary's scales");
  d.error = make_aligned<float>(padded, "the dictionary's quantisation errors");
  d.norm = make_aligned<float>(padded, "the dictionary's norms");
  d.row_sum = make_aligned<std::int32_t>(padded, "the dictionary's row sums");
  for (std::int64_t j = 0; j < d.size; ++j) {
    float* row = d.atoms.get() + j * d.ld;
    // + 0.0f turns -0 into +0, so that equal atoms are equal bit by bit.
    for (std::int64_t k = 0; k < d.dim; ++k) row[k] = atoms.row(j)[k] + 0.0f;
    quantize_atom(d, j);
  }
  for (std::int64_t panel = 0; panel < d.panels; ++panel) fill_panel(d, panel);
  d.first_equal = first_equal_rows(MatrixView<const float>{d.atoms.get(), d.size, d.dim, d.ld});
  return dictionary;
}

}  // namespace splice_cuda::cpu

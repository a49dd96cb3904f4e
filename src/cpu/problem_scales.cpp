#include "cpu/problem_scales.hpp"

#include <algorithm>

namespace splice_cuda::cpu {

ProblemScales make_problem_scales(const AtomFigures& figures, const Problem& problem) {
  ProblemScales scales;
  const auto padded = static_cast<std::size_t>(figures.padded_size);
  scales.screen_weights = make_aligned<float>(padded, "the screening weights");
  scales.screen_error = make_aligned<float>(padded, "the screening errors");
  for (std::size_t j = 0; j < problem.solver_inverse_weights.size(); ++j) {
    const float inverse = problem.solver_inverse_weights[j];
    if (!(inverse > 0)) continue;
    scales.screen_weights[j] = figures.scale[j] * inverse;
    scales.screen_error[j] = (figures.error[j] * (1 + 1e-5f) + 2e-6f * figures.norm[j]) * inverse;
    scales.atom_norm = std::max(scales.atom_norm, figures.norm[j] * inverse);
  }
  constexpr float rounding = 1.0f + 1e-6f;
  scales.atom_norm *= rounding;
  return scales;
}

ProblemScales make_problem_scales(const CpuDictionary& dictionary, const Problem& problem) {
  const auto size = static_cast<std::size_t>(dictionary.size);
  return make_problem_scales({{dictionary.scale.get(), size},
                              {dictionary.error.get(), size},
                              {dictionary.norm.get(), size},
                              dictionary.panels * panel_atoms},
                             problem);
}

}  // namespace splice_cuda::cpu

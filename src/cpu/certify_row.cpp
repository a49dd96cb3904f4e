#include "cpu/certify_row.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/lasso_math.hpp"
#include "cpu/row_products.hpp"
#include "cpu/select.hpp"

namespace splice_cuda::cpu {
namespace {

struct RowSums {
  double z_dot_z = 0;
  double z_dot_r = 0;
  double r_dot_r = 0;
};

/// In four lanes, which need not wait for each other; size is a multiple of 64.
RowSums row_sums(const float* z, const double* r, std::int64_t size) {
  constexpr std::size_t lanes = 4;
  RowSums parts[lanes];
  for (std::int64_t k = 0; k < size; k += lanes) {
    for (std::size_t i = 0; i < lanes; ++i) {
      const double value = static_cast<double>(z[k + static_cast<std::int64_t>(i)]);
      const double rest = r[k + static_cast<std::int64_t>(i)];
      parts[i].z_dot_z += value * value;
      parts[i].z_dot_r += value * rest;
      parts[i].r_dot_r += rest * rest;
    }
  }
  const auto sum = [&](double RowSums::*part) {
    return (parts[0].*part + parts[1].*part) + (parts[2].*part + parts[3].*part);
  };
  return {sum(&RowSums::z_dot_z), sum(&RowSums::z_dot_r), sum(&RowSums::r_dot_r)};
}

/// Upper bound of the largest correlation among scratch.near: in float32 with its proven error where that stays below
/// lambda, in fp64 for the few atoms where it does not.
///   |c.r - fl(c.r32)| <= |c| |r - r32| + g |c| |r32|, g = (ld + 8) 2^-24   (Higham, 3.1)
double largest_near(const CpuDictionary& dictionary, const Problem& problem, double lambda, double r_norm,
                    double atom_norm, CertifyScratch& scratch) {
  scratch.residual32.assign(scratch.residual.begin(), scratch.residual.end());
  scratch.products32.resize(std::max(scratch.near.size(), scratch.products32.size()));
  dot_atoms(dictionary, scratch.near.data(), static_cast<std::int64_t>(scratch.near.size()),
            scratch.residual32.data(), scratch.products32.data());
  const double error = static_cast<double>(dictionary.ld + 10) * 0x1p-24 * 1.001 * atom_norm * r_norm + 1e-30;
  double largest = 0;
  std::size_t exact = 0;
  for (std::size_t i = 0; i < scratch.near.size(); ++i) {
    const std::int32_t atom = scratch.near[i];
    const double product = static_cast<double>(scratch.products32[i]);
    const double bound = (problem.nonnegative ? product : std::abs(product)) *
                             problem.inverse_weights[static_cast<std::size_t>(atom)] + error;
    if (bound <= lambda) {
      largest = std::max(largest, bound);
    } else {
      scratch.near[exact++] = atom;  // also where float32 overflowed
    }
  }
  scratch.near.resize(exact);
  scratch.products.resize(std::max(exact, scratch.products.size()));
  dot_atoms_f64(dictionary, scratch.near.data(), static_cast<std::int64_t>(exact), scratch.residual.data(),
                scratch.products.data());
  for (std::size_t i = 0; i < exact; ++i) {
    const double correlation =
        scratch.products[i] * problem.inverse_weights[static_cast<std::size_t>(scratch.near[i])];
    largest = std::max(largest, problem.nonnegative ? correlation : std::abs(correlation));
  }
  return largest;
}

/// What the code itself says: its residual (scratch.residual), and the correlations of its atoms.
struct CodeFigures {
  RowSums sums;
  double weighted_l1 = 0;
  double largest = 0;    ///< of the atoms' correlations
  double violation = 0;  ///< how far they are from lambda, which is what they promise
};

CodeFigures figures_of_code(const CpuDictionary& dictionary, const Problem& problem, const CodeToCertify& code,
                            CertifyScratch& scratch) {
  const auto count = static_cast<std::int64_t>(code.atoms.size());
  scratch.residual.resize(static_cast<std::size_t>(dictionary.ld));
  scratch.weights.assign(code.weights.begin(), code.weights.end());
  residual_f64(dictionary, code.z, code.atoms.data(), scratch.weights.data(), count, scratch.residual.data());
  CodeFigures figures;
  figures.sums = row_sums(code.z, scratch.residual.data(), dictionary.ld);
  scratch.products.resize(std::max(code.atoms.size(), scratch.products.size()));
  dot_atoms_f64(dictionary, code.atoms.data(), count, scratch.residual.data(), scratch.products.data());
  for (std::size_t i = 0; i < code.atoms.size(); ++i) {
    const double inverse = problem.inverse_weights[static_cast<std::size_t>(code.atoms[i])];
    const double weight = static_cast<double>(code.weights[i]);
    figures.weighted_l1 += std::abs(weight) / inverse;
    double correlation = scratch.products[i] * inverse;
    if (weight < 0) correlation = -correlation;
    figures.largest = std::max(figures.largest, problem.nonnegative ? correlation : std::abs(correlation));
    figures.violation = std::max(figures.violation, std::abs(correlation - code.lambda));
  }
  return figures;
}

/// Walks along the ascending atoms of a code beside another ascending list.
class SupportWalk {
 public:
  explicit SupportWalk(std::span<const std::int32_t> atoms) : atoms_(atoms) {}
  /// Whether the code has this atom, which is not less than the one before.
  bool has(std::int32_t atom) {
    while (next_ < atoms_.size() && atoms_[next_] < atom) ++next_;
    return next_ < atoms_.size() && atoms_[next_] == atom;
  }

 private:
  std::span<const std::int32_t> atoms_;
  std::size_t next_ = 0;
};

/// @param others  upper bound of the correlations of all atoms outside the code
/// @returns half |z|^2
double fill_report(const CpuDictionary& dictionary, const CodeToCertify& code, const CodeFigures& figures, double others,
                   double atom_norm, RowReport& report) {
  const RowSums& sums = figures.sums;
  const double largest = std::max(figures.largest, others);
  const math::Certificate certificate = math::make_certificate(
      {sums.z_dot_z, sums.z_dot_r, sums.r_dot_r, figures.weighted_l1, largest, code.lambda, atom_norm,
       static_cast<double>(dictionary.dim + static_cast<std::int64_t>(code.atoms.size()))});
  report.primal = certificate.primal;
  report.dual = certificate.dual;
  report.gap = certificate.gap;
  report.kkt_violation = std::max(figures.violation, largest - code.lambda);
  return 0.5 * sums.z_dot_z;
}

}  // namespace

double certify_screened(const CpuDictionary& dictionary, const Problem& problem, const CodeToCertify& code,
                        const ScreenedBounds& bounds, CertifyScratch& scratch, RowReport& report) {
  const CodeFigures figures = figures_of_code(dictionary, problem, code, scratch);
  const double atom_norm = static_cast<double>(bounds.atom_norm);
  const auto moved_from = [&](const QuantizedPoint& point) {
    return atom_norm * distance_to_quantized(scratch.residual.data(), point, dictionary.ld) * (1 + 1e-9);
  };
  const double moved = moved_from(bounds.centre);
  // Bounds of the list are sums and products in float32, off by less than this.
  constexpr double rounding = 1 + 1e-6;
  const auto limit = static_cast<float>((code.lambda - moved) / rounding * (1 - 1e-7));
  const CandidateList& list = *bounds.list;
  scratch.places.resize(std::max(scratch.places.size(), static_cast<std::size_t>(list.count + taken_slack)));
  float rest = 0;
  const std::int64_t count =
      places_above({list.atoms, list.values, list.count, bounds.errors, bounds.norm, !problem.nonnegative}, limit,
                   scratch.places.data(), &rest);
  double others = std::max(static_cast<double>(bounds.unlisted_bound) + moved_from(bounds.screened),
                           static_cast<double>(bounds.dropped_bound) + moved);
  if (count < list.count) others = std::max(others, static_cast<double>(rest) * (rest > 0 ? rounding : 1) + moved);
  scratch.near.clear();
  SupportWalk support(code.atoms);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t atom = list.atoms[scratch.places[static_cast<std::size_t>(i)]];
    if (!support.has(atom)) scratch.near.push_back(atom);
  }
  others = std::max(others, largest_near(dictionary, problem, code.lambda, std::sqrt(figures.sums.r_dot_r), atom_norm, scratch));
  return fill_report(dictionary, code, figures, others, atom_norm, report);
}

double certify_over_all_atoms(const CpuDictionary& dictionary, const Problem& problem,
                              const CodeToCertify& code, CertifyScratch& scratch, RowReport& report) {
  if (scratch.atom_norm == 0) {
    for (std::size_t j = 0; j < static_cast<std::size_t>(dictionary.size); ++j) {
      const double norm = static_cast<double>(dictionary.norm[j]) * problem.inverse_weights[j];
      scratch.atom_norm = std::max(scratch.atom_norm, static_cast<float>(norm * (1 + 1e-6)));
    }
  }
  const auto atom_norm = static_cast<double>(scratch.atom_norm);
  const CodeFigures figures = figures_of_code(dictionary, problem, code, scratch);
  scratch.near.clear();
  SupportWalk support(code.atoms);
  for (std::int32_t atom = 0; atom < static_cast<std::int32_t>(dictionary.size); ++atom) {
    if (!support.has(atom)) scratch.near.push_back(atom);
  }
  const double others =
      largest_near(dictionary, problem, code.lambda, std::sqrt(figures.sums.r_dot_r), atom_norm, scratch);
  return fill_report(dictionary, code, figures, others, atom_norm, report);
}

void round_code(int exponent, std::vector<std::int32_t>& atoms, std::vector<float>& weights) {
  const double up = std::ldexp(1.0, exponent);
  const double down = std::ldexp(1.0, -exponent);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    const auto value = static_cast<float>(static_cast<double>(weights[i]) * down);
    if (value == 0 || !std::isfinite(value)) continue;
    atoms[kept] = atoms[i];
    weights[kept] = static_cast<float>(static_cast<double>(value) * up);
    ++kept;
  }
  atoms.resize(kept);
  weights.resize(kept);
}

void unscale_report(RowReport& report, int exponent) {
  report.primal = std::ldexp(report.primal, -2 * exponent);
  report.dual = std::ldexp(report.dual, -2 * exponent);
  report.gap = std::ldexp(report.gap, -2 * exponent);
  report.kkt_violation = std::ldexp(report.kkt_violation, -exponent);
}

bool report_irregular_row(RowKind kind, RowReport& report) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  switch (kind) {
    case RowKind::regular: return false;
    case RowKind::zero: report = {0, 0, 0, 0, 0, 0, RowStatus::zero_embedding, 0}; return true;
    case RowKind::non_finite: report = {nan, nan, nan, nan, 0, 0, RowStatus::non_finite_input, 0}; return true;
  }
  return true;
}

}  // namespace splice_cuda::cpu

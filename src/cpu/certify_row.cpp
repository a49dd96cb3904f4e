#include "cpu/certify_row.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/lasso_math.hpp"
#include "cpu/row_products.hpp"

namespace splice_cuda::cpu {
namespace {

struct RowSums {
  double z_dot_z = 0;
  double z_dot_r = 0;
  double r_dot_r = 0;
};

RowSums row_sums(const float* z, const double* r, std::int64_t size) {
  RowSums sums;
  for (std::int64_t k = 0; k < size; ++k) {
    const double value = static_cast<double>(z[k]);
    sums.z_dot_z += value * value;
    sums.z_dot_r += value * r[k];
    sums.r_dot_r += r[k] * r[k];
  }
  return sums;
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

}  // namespace

double certify_screened(const CpuDictionary& dictionary, const Problem& problem,
                        const CodeToCertify& code, const ScreenedBounds& bounds,
                        CertifyScratch& scratch, RowReport& report) {
  const auto count = static_cast<std::int64_t>(code.atoms.size());
  const auto inverse = [&](std::int32_t atom) {
    return problem.inverse_weights[static_cast<std::size_t>(atom)];
  };
  scratch.residual.resize(static_cast<std::size_t>(dictionary.ld));
  scratch.weights.assign(code.weights.begin(), code.weights.end());
  residual_f64(dictionary, code.z, code.atoms.data(), scratch.weights.data(), count,
               scratch.residual.data());
  const RowSums sums = row_sums(code.z, scratch.residual.data(), dictionary.ld);

  // Support atoms exactly: equality with lambda is what they promise.
  double weighted_l1 = 0;
  double largest = 0;
  double violation = 0;
  scratch.products.resize(std::max(code.atoms.size(), scratch.products.size()));
  dot_atoms_f64(dictionary, code.atoms.data(), count, scratch.residual.data(), scratch.products.data());
  for (std::size_t i = 0; i < code.atoms.size(); ++i) {
    const double weight = static_cast<double>(code.weights[i]);
    weighted_l1 += std::abs(weight) / inverse(code.atoms[i]);
    double correlation = scratch.products[i] * inverse(code.atoms[i]);
    if (weight < 0) correlation = -correlation;
    largest = std::max(largest, problem.nonnegative ? correlation : std::abs(correlation));
    violation = std::max(violation, std::abs(correlation - code.lambda));
  }

  // All others by what the screening proved, widened by the movement since.
  const double movement =
      distance_to_quantized(scratch.residual.data(), bounds.q, bounds.scale, dictionary.ld) * (1 + 1e-9);
  const double norm = static_cast<double>(bounds.norm);
  const double atom_norm = static_cast<double>(bounds.atom_norm);
  largest = std::max(largest, static_cast<double>(bounds.unlisted_bound) + atom_norm * movement);
  scratch.near.clear();
  std::size_t support = 0;  // both lists ascend; what is in the support has been looked at
  for (std::int64_t i = 0; i < bounds.list->count; ++i) {
    const std::int32_t atom = bounds.list->atoms[i];
    while (support < code.atoms.size() && code.atoms[support] < atom) ++support;
    if (support < code.atoms.size() && code.atoms[support] == atom) continue;
    const float value = bounds.list->values[i];
    const double size = static_cast<double>(problem.nonnegative ? value : std::abs(value));
    const double error = norm > 0 ? static_cast<double>(bounds.errors[atom]) : 0;
    const double bound = math::screened_upper_bound(size, error, norm, atom_norm, movement);
    if (bound > code.lambda) {
      scratch.near.push_back(atom);
    } else {
      largest = std::max(largest, bound);  // not looked at, hence only bounded
    }
  }
  largest = std::max(largest, largest_near(dictionary, problem, code.lambda, std::sqrt(sums.r_dot_r),
                                           atom_norm, scratch));

  const math::Certificate certificate = math::make_certificate(
      {sums.z_dot_z, sums.z_dot_r, sums.r_dot_r, weighted_l1, largest, code.lambda, atom_norm,
       static_cast<double>(dictionary.dim + count)});
  report.primal = certificate.primal;
  report.dual = certificate.dual;
  report.gap = certificate.gap;
  report.kkt_violation = std::max(violation, largest - code.lambda);
  return 0.5 * sums.z_dot_z;
}

double certify_over_all_atoms(const CpuDictionary& dictionary, const Problem& problem,
                              const CodeToCertify& code, CertifyScratch& scratch, RowReport& report) {
  const auto atoms = static_cast<std::size_t>(dictionary.size);
  if (scratch.all_atoms.size() != atoms) {
    scratch.all_atoms.resize(atoms);
    std::iota(scratch.all_atoms.begin(), scratch.all_atoms.end(), 0);
    scratch.all_values.assign(atoms, std::numeric_limits<float>::infinity());
    scratch.zeros.assign(static_cast<std::size_t>(dictionary.ld), 0);
    scratch.atom_norm = 0;
    for (std::size_t j = 0; j < atoms; ++j) {
      const double norm = static_cast<double>(dictionary.norm[j]) * problem.inverse_weights[j];
      scratch.atom_norm = std::max(scratch.atom_norm, static_cast<float>(norm * (1 + 1e-6)));
    }
  }
  const CandidateList everything{scratch.all_atoms.data(), scratch.all_values.data(), dictionary.size,
                                 dictionary.size};
  const ScreenedBounds bounds{scratch.zeros.data(), 0, 0, nullptr, -std::numeric_limits<float>::infinity(),
                              scratch.atom_norm, &everything};
  return certify_screened(dictionary, problem, code, bounds, scratch, report);
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

#include "splice_cuda/linearity.hpp"

#include <algorithm>
#include <cmath>

#include "experiments/directions.hpp"
#include "experiments/random_draws.hpp"

namespace splice_cuda {
namespace {

constexpr double least_sine = 1e-6;

/// Triple i is joint row i with the pair partner[i], or with its own where there are none.
std::vector<TripleFit> fit_all(const Directions& joint, const Directions& first, const Directions& second,
                               std::span<const std::int64_t> partner) {
  std::vector<TripleFit> fits(static_cast<std::size_t>(joint.rows()));
  for (std::int64_t i = 0; i < joint.rows(); ++i) {
    const std::int64_t pair = partner.empty() ? i : partner[static_cast<std::size_t>(i)];
    if (!joint.has(i) || !first.has(pair) || !second.has(pair)) continue;
    fits[static_cast<std::size_t>(i)] = fit_triple(joint.row(i), first.row(pair), second.row(pair));
  }
  return fits;
}

}  // namespace

TripleFit fit_triple(std::span<const double> joint, std::span<const double> first, std::span<const double> second) {
  TripleFit fit;
  const double between = dot(first, second);
  const double determinant = 1 - between * between;  // the squared sine
  if (!(determinant > least_sine * least_sine)) {
    fit.status = TripleStatus::parallel;
    return fit;
  }
  const double with_first = dot(joint, first);
  const double with_second = dot(joint, second);
  fit.first = (with_first - between * with_second) / determinant;
  fit.second = (with_second - between * with_first) / determinant;
  fit.status = TripleStatus::fitted;
  const double square = fit.first * fit.first + fit.second * fit.second + 2 * fit.first * fit.second * between;
  // The fit is the projection of joint, so that its product with it is its squared length; rounding may leave that below 0.
  fit.cosine = square > 0 ? std::min(1.0, (fit.first * with_first + fit.second * with_second) / std::sqrt(square)) : 0.0;
  return fit;
}

Linearity linearity(MatrixView<const float> joint, MatrixView<const float> first, MatrixView<const float> second,
                    std::span<const float> mean, std::uint64_t seed) {
  check_rows("joint", joint, -1, joint.cols);
  check_rows("first", first, joint.rows, joint.cols);
  check_rows("second", second, joint.rows, joint.cols);
  check_mean("mean", mean, joint.cols);
  Linearity result;
  if (joint.rows > 1) {
    RandomBits random(seed);
    result.partner = draw_cycle(random, joint.rows);
  }
  const auto fit = [&](std::span<const float> around, std::vector<TripleFit>& own, std::vector<TripleFit>& baseline) {
    const Directions joint_rows(joint, around);
    const Directions first_rows(first, around);
    const Directions second_rows(second, around);
    own = fit_all(joint_rows, first_rows, second_rows, {});
    if (!result.partner.empty()) baseline = fit_all(joint_rows, first_rows, second_rows, result.partner);
  };
  fit({}, result.raw, result.raw_baseline);
  if (!mean.empty()) fit(mean, result.centered, result.centered_baseline);
  return result;
}

LinearitySummary summarize(std::span<const TripleFit> fits) {
  LinearitySummary summary;
  std::vector<double> first, second, sum, cosine;
  for (const TripleFit& fit : fits) {
    if (fit.status == TripleStatus::parallel) ++summary.parallel;
    if (fit.status == TripleStatus::no_direction) ++summary.no_direction;
    if (fit.status != TripleStatus::fitted) continue;
    ++summary.fitted;
    first.push_back(fit.first);
    second.push_back(fit.second);
    sum.push_back(fit.first + fit.second);
    cosine.push_back(fit.cosine);
  }
  summary.first = sample_mean(first);
  summary.second = sample_mean(second);
  summary.sum = sample_mean(sum);
  summary.cosine = sample_mean(cosine);
  return summary;
}

}  // namespace splice_cuda

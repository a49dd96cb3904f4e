#include "experiments/jackknife.hpp"

#include <algorithm>
#include <cmath>

#include "splice_cuda/sample_mean.hpp"

namespace splice_cuda {
namespace {

/// Variance of a figure from its values with each row left out: (n - 1) / n * sum of squares about their mean (Efron 1982).
double jackknife_variance(const std::vector<double>& left_out) {
  const SampleMean spread = sample_mean(left_out);
  const auto n = static_cast<double>(left_out.size());
  return spread.sd * spread.sd * (n - 1) * (n - 1) / n;
}

std::vector<double> sum_of(const Directions& z, const Rows& rows) {
  std::vector<double> sum(static_cast<std::size_t>(z.dim()), 0.0);
  for (const std::int64_t row : rows) {
    const std::span<const double> values = z.row(row);
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += values[k];
  }
  return sum;
}

/// |mean with one row left out - other|, for each row.
std::vector<double> distances_without(const Directions& z, const Rows& rows, const std::vector<double>& sum, const std::vector<double>& other) {
  const auto rest = static_cast<double>(rows.size()) - 1;
  std::vector<double> distances;
  for (const std::int64_t row : rows) {
    double square = 0;
    for (std::size_t k = 0; k < sum.size(); ++k) {
      const double difference = (sum[k] - z.row(row)[k]) / rest - other[k];
      square += difference * difference;
    }
    distances.push_back(std::sqrt(square));
  }
  return distances;
}

std::vector<double> scaled(std::vector<double> values, double by) {
  for (double& value : values) value *= by;
  return values;
}

}  // namespace

JackknifeEstimate mean_within(const Directions& z, const Rows& rows) { return mean_unmatched(z, z, rows); }

JackknifeEstimate mean_between(const Directions& x, const Rows& x_rows, const Directions& t, const Rows& t_rows) {
  JackknifeEstimate estimate;
  if (x_rows.empty() || t_rows.empty()) return estimate;
  const std::vector<double> x_mean = scaled(sum_of(x, x_rows), 1 / static_cast<double>(x_rows.size()));
  const std::vector<double> t_mean = scaled(sum_of(t, t_rows), 1 / static_cast<double>(t_rows.size()));
  estimate.value = dot(x_mean, t_mean);
  if (x_rows.size() < 2 || t_rows.size() < 2) return estimate;
  // A mean over rows of one side, the other's mean fixed: its jackknife variance is that of a mean.
  const auto variance = [](const Directions& z, const Rows& rows, const std::vector<double>& other) {
    std::vector<double> values;
    for (const std::int64_t row : rows) values.push_back(dot(z.row(row), other));
    const SampleMean spread = sample_mean(values);
    return spread.standard_error * spread.standard_error;
  };
  estimate.standard_error = std::sqrt(variance(x, x_rows, t_mean) + variance(t, t_rows, x_mean));
  return estimate;
}

JackknifeEstimate mean_unmatched(const Directions& x, const Directions& t, const Rows& rows) {
  JackknifeEstimate estimate;
  const auto n = static_cast<double>(rows.size());
  if (rows.size() < 2) return estimate;
  const std::vector<double> x_sum = sum_of(x, rows);
  const std::vector<double> t_sum = sum_of(t, rows);
  double matched = 0;
  for (const std::int64_t row : rows) matched += dot(x.row(row), t.row(row));
  const double all = dot(x_sum, t_sum) - matched;
  estimate.value = all / (n * (n - 1));
  if (rows.size() < 3) return estimate;
  std::vector<double> without;
  for (const std::int64_t row : rows) {
    const double with_others = dot(x.row(row), t_sum) + dot(x_sum, t.row(row)) - 2 * dot(x.row(row), t.row(row));
    without.push_back((all - with_others) / ((n - 1) * (n - 2)));
  }
  estimate.standard_error = std::sqrt(jackknife_variance(without));
  return estimate;
}

JackknifeEstimate distance_of_means(const Directions& x, const Rows& x_rows, const Directions& t, const Rows& t_rows, bool paired) {
  JackknifeEstimate estimate;
  if (x_rows.empty() || t_rows.empty()) return estimate;
  const std::vector<double> x_sum = sum_of(x, x_rows);
  const std::vector<double> t_sum = sum_of(t, t_rows);
  const std::vector<double> x_mean = scaled(x_sum, 1 / static_cast<double>(x_rows.size()));
  const std::vector<double> t_mean = scaled(t_sum, 1 / static_cast<double>(t_rows.size()));
  std::vector<double> difference = x_mean;
  for (std::size_t k = 0; k < difference.size(); ++k) difference[k] -= t_mean[k];
  estimate.value = std::sqrt(dot(difference, difference));
  if (x_rows.size() < 2 || t_rows.size() < 2) return estimate;
  if (!paired) {
    estimate.standard_error = std::sqrt(jackknife_variance(distances_without(x, x_rows, x_sum, t_mean)) +
                                        jackknife_variance(distances_without(t, t_rows, t_sum, x_mean)));
    return estimate;
  }
  const double n = static_cast<double>(x_rows.size());
  std::vector<double> without;
  for (const std::int64_t row : x_rows) {
    double square = 0;
    for (std::size_t k = 0; k < difference.size(); ++k) {
      const double rest = (n * difference[k] - (x.row(row)[k] - t.row(row)[k])) / (n - 1);
      square += rest * rest;
    }
    without.push_back(std::sqrt(square));
  }
  estimate.standard_error = std::sqrt(jackknife_variance(without));
  return estimate;
}

}  // namespace splice_cuda

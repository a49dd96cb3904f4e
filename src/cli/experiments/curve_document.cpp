#include "cli/experiments/curve_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/experiments/statistics_tables.hpp"
#include "cli/numbers_text.hpp"

namespace splice_cuda::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* dense_name = "dense";

struct Axes {
  std::vector<double> l0, cosine, accuracy;
};
Axes axes_of(const MeasuredCurve& curve) {
  Axes axes;
  for (const CurvePoint& point : curve.points) {
    axes.l0.push_back(mean_or_nan(point.l0));
    axes.cosine.push_back(mean_or_nan(point.cosine));
    axes.accuracy.push_back(point.accuracy.value());
  }
  return axes;
}

ResultTable curve_table(const std::vector<MeasuredCurve>& curves, const std::optional<Proportion>& dense) {
  ResultTable table{"curve", "Sparsity against performance",
                    "A row a condition and point, over all rows that have a direction; +- is a standard error. l1_penalty is the mean of the rows' "
                    "own where there is a target. Dense embeddings have no concepts: their two rows span the others' range.",
                    {{"condition", "condition"}, {"target_l0", "target", ColumnKind::integer}, {"l1_penalty", "l1_penalty", ColumnKind::number, 4},
                     {"l0", "concepts", ColumnKind::number, 2}, {"cosine", "cosine", ColumnKind::number, 4}, {"cosine_se", "+-", ColumnKind::number, 4},
                     {"accuracy", "accuracy", ColumnKind::number, 4}, {"accuracy_se", "+-", ColumnKind::number, 4}, {"rows", "rows", ColumnKind::integer},
                     {"empty", "empty", ColumnKind::integer}, {"uncertified", "uncertified", ColumnKind::integer}},
                    {}};
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (const MeasuredCurve& curve : curves) {
    for (std::size_t i = 0; i < curve.points.size(); ++i) {
      const CurvePoint& p = curve.points[i];
      const Json target = curve.path.targets_l0.empty() ? Json(nullptr) : Json(curve.path.targets_l0[i]);
      table.add({curve.condition, target, mean_or_nan(p.l1_penalty), mean_or_nan(p.l0), mean_or_nan(p.cosine), p.cosine.standard_error(),
                 p.accuracy.value(), p.accuracy.standard_error(), p.l0.count, p.empty, p.uncertified});
      least = std::min(least, p.l0.mean);
      most = std::max(most, p.l0.mean);
    }
  }
  if (dense) {
    for (const double l0 : {least, most}) {
      table.add({dense_name, nullptr, nullptr, l0, 1.0, 0.0, dense->value(), dense->standard_error(),
                 curves.front().points.front().l0.count, nullptr, nullptr});
    }
  }
  return table;
}

/// Each condition at the numbers of concepts that splice has.
ResultTable equal_table(const std::vector<MeasuredCurve>& curves) {
  ResultTable table{"equal_l0", "At as many concepts as splice has",
                    "Between a condition's points on a straight line; a condition that has no points on both sides is left out. The differences are to splice.",
                    {{"l0", "concepts", ColumnKind::number, 2}, {"condition", "condition"}, {"cosine", "cosine", ColumnKind::number, 4},
                     {"cosine_difference", "difference", ColumnKind::number, 4}, {"accuracy", "accuracy", ColumnKind::number, 4},
                     {"accuracy_difference", "difference", ColumnKind::number, 4}},
                    {}};
  const Axes own = axes_of(curves.front());
  for (std::size_t i = 0; i < own.l0.size(); ++i) {
    for (std::size_t c = 1; c < curves.size(); ++c) {
      const Axes other = axes_of(curves[c]);
      const double cosine = value_at(other.l0, other.cosine, own.l0[i]);
      const double accuracy = value_at(other.l0, other.accuracy, own.l0[i]);
      if (!std::isfinite(cosine)) continue;
      table.add({own.l0[i], curves[c].condition, cosine, cosine - own.cosine[i], accuracy, accuracy - own.accuracy[i]});
    }
  }
  return table;
}

ResultTable conditions_table(const std::vector<MeasuredCurve>& curves) {
  ResultTable table{"conditions", "Conditions", "Seconds are of all points together: decomposing, recomposing, classifying.",
                    {{"condition", "condition"}, {"atoms", "atoms", ColumnKind::integer}, {"seconds", "seconds", ColumnKind::number, 2},
                     {"rows_per_second", "rows/s a point", ColumnKind::number, 0}, {"description", "what it is"}},
                    {}};
  for (const MeasuredCurve& curve : curves) {
    const double solved = static_cast<double>(curve.points.front().l0.count) * static_cast<double>(curve.points.size());
    table.add({curve.condition, curve.atoms, curve.seconds, solved / curve.seconds, curve.description});
  }
  return table;
}

std::string share_text(double value) { return fmt::format("{:.1f}%", 100 * value); }

/// The point in the middle, and the others at as many concepts.
std::string summary_of(const std::vector<MeasuredCurve>& curves, const std::optional<Proportion>& dense, bool classified) {
  const Axes own = axes_of(curves.front());
  const std::size_t middle = own.l0.size() / 2;
  if (curves.front().points.front().l0.count == 0) return "No row has a direction.";
  std::string text = fmt::format("{} at {}. With {:.1f} concepts a row splice keeps a cosine of {:.3f}", counted(curves.front().points.front().l0.count, "row"),
                                 counted(static_cast<std::int64_t>(own.l0.size()), "point"), own.l0[middle], own.cosine[middle]);
  if (classified) text += " and classifies " + share_text(own.accuracy[middle]) + " rightly";
  if (classified && dense) text += " (dense embeddings: " + share_text(dense->value()) + ")";
  std::string others;
  for (std::size_t c = 1; c < curves.size(); ++c) {
    const Axes other = axes_of(curves[c]);
    const double cosine = value_at(other.l0, other.cosine, own.l0[middle]);
    if (!std::isfinite(cosine)) continue;
    others += fmt::format("{}{} {:.3f}", others.empty() ? "" : "; ", curves[c].condition, cosine);
    if (classified) others += ", " + share_text(value_at(other.l0, other.accuracy, own.l0[middle]));
  }
  return text + "." + (others.empty() ? "" : " At as many concepts: " + others + ".");
}

ResultChart line_chart(const std::string& y, const std::string& title, const std::string& description) {
  ResultChart chart = make_chart(y + "_by_l0", title, description, ChartKind::lines, "l0", y);
  chart.table = "curve";
  chart.series = "condition";
  chart.error = y + "_se";
  return chart;
}

}  // namespace

ResultDocument curve_document(const std::vector<MeasuredCurve>& curves, const std::optional<Proportion>& dense, bool classified) {
  ResultDocument document;
  document.experiment = "evaluate sparsity-curve";
  document.title = "Sparsity against performance";
  document.summary = summary_of(curves, dense, classified);
  document.tables.push_back(curve_table(curves, dense));
  if (curves.size() > 1) document.tables.push_back(equal_table(curves));
  document.tables.push_back(conditions_table(curves));
  if (classified) {
    document.charts.push_back(line_chart("accuracy", "Zero-shot accuracy by number of concepts",
                                         "A line a condition: the share of recomposed embeddings that are classified rightly, over the mean number of concepts."));
  }
  document.charts.push_back(line_chart("cosine", "Cosine by number of concepts",
                                       "A line a condition: the mean cosine of recomposed and original embeddings, over the mean number of concepts."));
  return document;
}

}  // namespace splice_cuda::cli

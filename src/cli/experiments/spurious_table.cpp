#include "cli/experiments/spurious_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <queue>
#include <vector>

#include "cli/experiments/statistics_tables.hpp"
#include "splice_cuda/association.hpp"

namespace splice_cuda::cli {
namespace {

struct Suspect {
  Association association;
  double kinship = 0;
  double suspicion = 0;
};

/// More suspicious first; ties: classes and atoms in order.
bool before(const Suspect& x, const Suspect& y) {
  if (x.suspicion != y.suspicion) return x.suspicion > y.suspicion;
  if (x.association.group != y.association.group) return x.association.group < y.association.group;
  return x.association.atom < y.association.atom;
}

std::vector<Suspect> find_suspects(const CodeStatistics& statistics, const ConceptSpace& space, const std::vector<ClassConcepts>& named, std::int64_t top) {
  std::priority_queue<Suspect, std::vector<Suspect>, decltype(&before)> kept(&before);
  for_each_association(statistics, [&](const Association& one) {
    const double most = one.sure_effect();  // suspicion never is more, and costs a product with atoms
    const bool full = static_cast<std::int64_t>(kept.size()) == top;
    if (most <= 0 || (full && most < kept.top().suspicion)) return;
    Suspect suspect{one, kinship(space, one.atom, named[static_cast<std::size_t>(one.group)])};
    suspect.suspicion = suspicion(one, suspect.kinship);
    if (suspect.suspicion <= 0) return;
    kept.push(suspect);
    if (full) kept.pop();
  });
  std::vector<Suspect> found;
  for (; !kept.empty(); kept.pop()) found.push_back(kept.top());
  std::reverse(found.begin(), found.end());
  return found;
}

std::string unnamed_text(const std::vector<ClassConcepts>& named, const RowGroups& classes) {
  std::int64_t count = 0;
  std::string first;
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (!named[i].atoms.empty()) continue;
    if (count++ == 0) first = classes.names[i];
  }
  return count == 0 ? "" : fmt::format(" The names of {} classes are no concepts ('{}' first): their kinship is not known.", count, first);
}

}  // namespace

std::string add_spurious(const CodeStatistics& statistics, const RowGroups& classes, const ConceptSpace& space,
                         std::optional<double> synonym_cosine, std::int64_t top, ResultDocument& document) {
  std::vector<ClassConcepts> named;
  for (const std::string& name : classes.names) named.push_back(find_class_concepts(space, name, synonym_cosine));
  const std::vector<Suspect> suspects = find_suspects(statistics, space, named, top);
  ResultTable table{"spurious", "Concepts that go with a class, suspicious ones first",
                    "A strong association with low kinship is suspicious: the concept tells the class, but its meaning does not say why. Effect: difference of "
                    "mean weights in the class and in the rest, in pooled standard deviations (Cohen's d). Information: mutual information of having the concept and "
                    "being of the class. Kinship: cosine of the concept's atom with that of the class's name. Suspicion: what is left of the effect when twice its "
                    "standard error is taken off, times 1 - kinship." + unnamed_text(named, classes),
                    {{"concept", "concept"}, {"class", "class"}, {"suspicion", "suspicion", ColumnKind::number}, {"effect", "effect", ColumnKind::number},
                     {"error", "+-", ColumnKind::number}, {"information", "information (bits)", ColumnKind::number}, {"kinship", "kinship", ColumnKind::number},
                     {"weight", "mean weight", ColumnKind::number, 4}, {"weight_rest", "in the rest", ColumnKind::number, 4},
                     {"share", "share", ColumnKind::number}, {"share_rest", "in the rest", ColumnKind::number}},
                    {}};
  for (const Suspect& suspect : suspects) {
    const Association& one = suspect.association;
    table.add({space.name(one.atom), classes.names[static_cast<std::size_t>(one.group)], suspect.suspicion, one.effect, one.effect_error, one.information,
               suspect.kinship, one.mean, one.mean_rest, one.share, one.share_rest});
  }
  document.tables.push_back(std::move(table));
  ResultChart chart = make_chart("spurious", "Association and kinship", "A point a concept and class: to the right stronger association, low down less kinship; "
                                 "what lies to the right and low is suspicious.", ChartKind::points, "effect", "kinship");
  chart.series = "class";
  document.charts.push_back(std::move(chart));
  if (suspects.empty()) return " No concept goes with a class beyond twice its standard error.";
  const Suspect& worst = suspects.front();
  return fmt::format(" Most suspicious: {} in {} (effect {:.2f}, kinship {}).", space.name(worst.association.atom),
                     classes.names[static_cast<std::size_t>(worst.association.group)], worst.association.effect, std::isnan(worst.kinship) ? "not known" : fmt::format("{:.2f}", worst.kinship));
}

}  // namespace splice_cuda::cli

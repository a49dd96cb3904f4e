#include "splice_cuda/association.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/unit_atoms.hpp"
#include "splice_cuda/concept_groups.hpp"

namespace splice_cuda {
namespace {

/// One cell of mutual information, part log2(part / (row column)); parts are shares of the whole.
double information_part(double part, double row, double column) { return part > 0 ? part * std::log2(part / (row * column)) : 0; }

/// @param with, with_rest  rows of the class and of the rest that have the concept
double mutual_information(double with, double rows, double with_rest, double rest) {
  const double all = rows + rest;
  const double has = (with + with_rest) / all;
  const double is = rows / all;
  return information_part(with / all, has, is) + information_part(with_rest / all, has, 1 - is) +
         information_part((rows - with) / all, 1 - has, is) + information_part((rest - with_rest) / all, 1 - has, 1 - is);
}

/// Weights of the rows outside the class: what is left of all when the class is taken away (a merge, undone). Summing the other
/// classes for each class would take the square of their number.
Moments without(const Moments& all, const Moments& part) {
  const auto n = static_cast<double>(part.count);
  const auto m = static_cast<double>(all.count - part.count);
  Moments rest{all.count - part.count, (all.mean * (n + m) - part.mean * n) / m, 0};
  const double off = part.mean - rest.mean;
  rest.squares = std::max(all.squares - part.squares - off * off * n * m / (n + m), 0.0);
  return rest;
}

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char letter : name) {
    if (letter >= 'A' && letter <= 'Z') plain += static_cast<char>(letter - 'A' + 'a');
    else plain += letter == '_' || letter == '-' ? ' ' : letter;
  }
  return plain;
}

std::vector<std::string> concepts_of_name(const ConceptSpace& space, std::string_view name) {
  for (const std::string& whole : {std::string(name), plain_name(name)}) {
    if (space.find(whole)) return {whole};
  }
  std::vector<std::string> found;
  const std::string plain = plain_name(name) + " ";
  for (std::size_t at = 0; at < plain.size();) {
    const std::size_t end = plain.find(' ', at);
    const std::string word = plain.substr(at, end - at);
    if (space.find(word)) found.push_back(word);
    at = end + 1;
  }
  return found;
}

}  // namespace

double Association::sure_effect() const noexcept { return std::max(effect - 2 * effect_error, 0.0); }

void for_each_association(const CodeStatistics& statistics, const std::function<void(const Association&)>& visit) {
  const GroupStatistics together = statistics.together();
  for (std::int64_t group = 0; group < statistics.size(); ++group) {
    const GroupStatistics& own = statistics.group(group);
    const std::int64_t rest_rows = together.rows() - own.rows();
    if (own.rows() < 2 || rest_rows < 2) continue;
    const auto n = static_cast<double>(own.rows());
    const auto m = static_cast<double>(rest_rows);
    for (const ConceptMean& here : own.concepts()) {
      const Moments inside = own.weight(here.atom);
      const std::int64_t with_rest = together.concept_mean(here.atom).rows - here.rows;
      const Moments outside = with_rest == 0 ? Moments{rest_rows, 0, 0} : without(together.weight(here.atom), inside);
      const double pooled = std::sqrt((inside.squares + outside.squares) / (n + m - 2));
      if (!(pooled > 0)) continue;
      Association one{here.atom, group, inside.mean, outside.mean, here.share, static_cast<double>(with_rest) / m};
      one.effect = (inside.mean - outside.mean) / pooled;
      one.effect_error = std::sqrt((n + m) / (n * m) + one.effect * one.effect / (2 * (n + m)));
      one.information = mutual_information(static_cast<double>(here.rows), n, static_cast<double>(with_rest), m);
      visit(one);
    }
  }
}

ClassConcepts find_class_concepts(const ConceptSpace& space, std::string_view name, std::optional<double> synonym_cosine) {
  const std::vector<std::string> concepts = concepts_of_name(space, name);
  if (concepts.empty()) return {};
  return {make_concept_group(space, std::string(name), concepts, {synonym_cosine, false}).atoms()};
}

double kinship(const ConceptSpace& space, std::int32_t atom, const ClassConcepts& of) {
  double nearest = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> own = unit_atom(space, atom);
  for (const std::int32_t other : of.atoms) nearest = std::fmax(nearest, dot(own, unit_atom(space, other)));
  return nearest;
}

double suspicion(const Association& association, double kinship) noexcept {
  return association.sure_effect() * (1 - (std::isnan(kinship) ? 0 : std::clamp(kinship, 0.0, 1.0)));
}

}  // namespace splice_cuda

#pragma once

/// @file association.hpp
/// How strongly a concept goes with a class, and whether its meaning says why: what goes with a class without being akin to
/// it may be a spurious correlation (arXiv 2402.10376, section 5).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "splice_cuda/code_statistics.hpp"
#include "splice_cuda/concept_space.hpp"

namespace splice_cuda {

/// A concept in a class against the rest of the classes.
struct Association {
  std::int32_t atom = 0;
  std::int64_t group = 0;
  double mean = 0;        ///< weight in the class
  double mean_rest = 0;
  double share = 0;       ///< of the class's rows that have the concept
  double share_rest = 0;
  double effect = 0;        ///< (mean - mean_rest) / pooled standard deviation (Cohen's d)
  double effect_error = 0;  ///< standard error of d, sqrt((n + m) / (n m) + d^2 / (2 (n + m))) (Hedges & Olkin 1985)
  double information = 0;   ///< mutual information of "has the concept" and "is of the class", in bits

  /// Effect that is left when twice its standard error is taken off; never below 0.
  double sure_effect() const noexcept;
};

/// Calls `visit` with every pair of a class and a concept that occurs in it, classes ascending, then atoms. Classes with fewer
/// than two rows, or where the rest has fewer, are passed over, and so are concepts without spread.
void for_each_association(const CodeStatistics& statistics, const std::function<void(const Association&)>& visit);

/// Concepts that stand for a class.
struct ClassConcepts {
  std::vector<std::int32_t> atoms;  ///< empty: its name is no concept, nor a word of it
};
/// The concept that is the class's name; else that name in lower case with '_' and '-' as blanks; else those of its words that
/// are concepts. With `synonym_cosine` also every concept that near to one of them.
ClassConcepts find_class_concepts(const ConceptSpace& space, std::string_view name, std::optional<double> synonym_cosine = {});

/// Largest cosine of the concept's atom with one of the class's; NaN where there is none.
double kinship(const ConceptSpace& space, std::int32_t atom, const ClassConcepts& of);

/// How suspicious: sure_effect times (1 - kinship), kinship cut to [0, 1]; unknown kinship counts as 0.
double suspicion(const Association& association, double kinship) noexcept;

}  // namespace splice_cuda

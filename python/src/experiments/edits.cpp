// Groups of concepts, edits of codes, a penalty to start from.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "context.hpp"
#include "experiments/module.hpp"
#include "splice_cuda/codes.hpp"
#include "splice_cuda/concept_groups.hpp"
#include "splice_cuda/concept_space.hpp"
#include "splice_cuda/edit_codes.hpp"
#include "splice_cuda/suggest_penalty.hpp"

namespace splice_cuda::python {
namespace {

using AtomNumber = std::pair<std::int32_t, float>;

/// [(atom, origin, by, cosine)]
nb::list concept_group(const ConceptSpace& space, const std::vector<std::string>& concepts, std::optional<double> synonym_cosine, bool words) {
  ConceptGroup group;
  {
    const nb::gil_scoped_release released;
    group = make_concept_group(space, "group", concepts, {synonym_cosine, words});
  }
  nb::list members;
  for (const GroupMember& member : group.members) {
    members.append(nb::make_tuple(member.atom, std::string(to_string(member.origin)), member.by, member.cosine));
  }
  return members;
}

SparseCodes edit_codes(const SparseCodes& codes, const std::vector<std::int32_t>& removed, const std::vector<AtomNumber>& scaled,
                       const std::vector<AtomNumber>& forced) {
  const nb::gil_scoped_release released;
  CodeEdit edit(codes.cols);
  for (const std::int32_t atom : removed) edit.remove(atom);
  for (const auto& [atom, factor] : scaled) edit.scale(atom, factor);
  for (const auto& [atom, weight] : forced) edit.force(atom, weight);
  return edit.apply(codes);
}

std::optional<float> suggest(const ConceptSpace& space, SharedContext& context, const Matrix& sample, std::int32_t l0) {
  const MatrixView<const float> rows = view_of(sample);
  std::optional<float> penalty;
  context.run(nb::none(), nb::none(), [&](const Context& inner) { penalty = suggest_penalty(space, inner, rows, {}, {}, l0); });
  return penalty;
}

}  // namespace

void bind_edits(nb::module_& module) {
  using namespace nb::literals;
  module.def("concept_group", &concept_group, "space"_a, "concepts"_a, "synonym_cosine"_a.none(), "words"_a);
  module.def("edit_codes", &edit_codes, "codes"_a, "removed"_a, "scaled"_a, "forced"_a);
  module.def("suggest_penalty", &suggest, "space"_a, "context"_a, "sample"_a, "l0"_a);
}

}  // namespace splice_cuda::python
